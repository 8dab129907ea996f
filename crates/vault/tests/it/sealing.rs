//! New keys for a workspace while people work in it: nothing is forgotten, reverted, lost or left
//! half-way. The stories are those of others' rotations that went wrong.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use broker::{KeyState, Realm, RecordKind, RecordName};
use domain::authz::{SetProvider, decide};
use domain::sign_in::ProviderSettings;
use domain::{ProviderId, RequestId};
use ledger::Verb;
use serde_json::json;
use store::{Caller, Commit, QuietReason, StoreError};
use vault::sealing::{
    CensusLine, Rotated, RotationStep, SealingError, Wanted, census, finish_wanted, no_progress,
    rotate_epoch, want_rotation,
};
use vault::secrets::{Rotation, reveal_secret, rotate_secret};

use crate::house::{House, Team, each_engine, keep, logged, value, why};

fn system(house: &House) -> Caller {
    Caller::system("worker", house.store.mint().id::<RequestId>())
}

async fn wanted(house: &House, team: &Team) -> Wanted {
    want_rotation(&house.store, &system(house), team.id, "user:owner").await.unwrap()
}

async fn rotated(house: &House, team: &Team) -> Result<Rotated, SealingError> {
    let (wanted, system) = (wanted(house, team).await, system(house));
    let House { store, broker, .. } = house;
    finish_wanted(store, broker, &system, team.id, &wanted, &no_progress).await
}

async fn lines(house: &House, team: &Team) -> Vec<CensusLine> {
    census(&house.store, &house.broker, team.id).await.unwrap()
}

async fn shown(house: &House, team: &Team, called: &str) -> (u64, String) {
    let (fresh, path) = (Some(house.now()), team.path(called));
    let done = reveal_secret(&house.store, &house.broker, &team.owner, fresh, path, why()).await;
    let shown = done.unwrap().value;
    (shown.version, shown.value.expose_text().unwrap().to_owned())
}

/// A provider with a sealed secret, whose key is the workspace's own.
async fn keep_provider(house: &House, team: &Team) -> ProviderId {
    let id: ProviderId = house.store.mint().id();
    let kind = RecordKind::ProviderSecret;
    let name = RecordName { scope: broker::DataScope::Whole, kind, id: id.uuid(), version: 1 };
    let records = vec![(name, broker::Exposed::copy_of(b"provider secret"))];
    let sealed = house.broker.seal(Realm::Tenant(team.id), records).await.unwrap().remove(0);
    let settings = ProviderSettings {
        name: crate::house::name("provider"),
        issuer: "https://id.example.org".parse().unwrap(),
        client_id: "client".to_owned(),
    };
    let authority = team.owner_authority(house.now());
    let permit = decide(&authority, SetProvider { provider: id, settings }).unwrap();
    house
        .store
        .write::<_, StoreError>(&team.owner, move |tx| {
            tx.providers().add(permit, &sealed)?;
            Ok(Commit::quiet(QuietReason::Installation, ()))
        })
        .await
        .unwrap();
    id
}

fn tables_under(lines: &[CensusLine], state: KeyState) -> BTreeSet<&'static str> {
    lines
        .iter()
        .filter(|line| line.facts.is_some_and(|facts| facts.state == state))
        .flat_map(|line| line.records.keys().copied())
        .collect()
}

/// windmill 11218, n8n 22478.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_forgets_no_table_and_touches_no_neighbour() {
    each_engine(async |house| {
        for team in [&house.acme, &house.rival] {
            keep(&house, team, "A", "first").await;
            keep(&house, team, "B", "second").await;
            keep_provider(&house, team).await;
        }
        let before = lines(&house, &house.acme).await;
        let theirs = lines(&house, &house.rival).await;
        let done = rotated(&house, &house.acme).await.unwrap();
        assert_eq!(done, Rotated { keys: 2, records: 3, certificates: Vec::new() });
        let after = lines(&house, &house.acme).await;
        assert_eq!(tables_under(&after, KeyState::Destroyed), BTreeSet::new());
        assert_eq!(tables_under(&after, KeyState::Retiring), BTreeSet::new());
        let all = BTreeSet::from(["secret_versions", "providers"]);
        assert_eq!(tables_under(&after, KeyState::Active), all);
        let total = |lines: &[CensusLine]| lines.iter().map(CensusLine::total).sum::<u64>();
        assert_eq!((total(&before), total(&after)), (3, 3));
        assert_eq!(lines(&house, &house.rival).await, theirs);
        assert_eq!(shown(&house, &house.acme, "A").await, (1, "first".to_owned()));
        assert_eq!(shown(&house, &house.rival, "A").await, (1, "first".to_owned()));
        let entries = logged(&house.store, &house.acme.owner, Verb::SealingRotated).await;
        let said = &entries[0].0["new"];
        assert_eq!(
            (&said["keys_destroyed"], &said["records_sealed_again"]),
            (&json!(2), &json!(3))
        );
    })
    .await;
}

/// keystone 1288: the old key was dropped while records were under it, and all of them were lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_key_is_kept_while_a_record_under_it_does_not_open() {
    each_engine(async |house| {
        keep(&house, &house.acme, "GOOD", "value").await;
        let bad = keep(&house, &house.acme, "BAD", "value").await;
        damage(&house, &bad).await;
        assert_eq!(rotated(&house, &house.acme).await, Err(SealingError::RecordsDamaged(1)));
        let kept = lines(&house, &house.acme).await;
        let retiring: Vec<_> = kept
            .iter()
            .filter(|line| line.facts.is_some_and(|facts| facts.state == KeyState::Retiring))
            .collect();
        assert_eq!((retiring.len(), retiring[0].total()), (1, 1));
        assert_eq!(shown(&house, &house.acme, "GOOD").await, (1, "value".to_owned()));
        // Once the damage is gone, the wish that stands is carried out.
        vault::secrets::delete_secret(&house.store, &house.acme.owner, bad).await.unwrap();
        assert_eq!(rotated(&house, &house.acme).await.unwrap().keys, 1);
    })
    .await;
}

/// Changes the last byte of a secret's envelope, as a failing disk would.
async fn damage(house: &House, path: &vault::secrets::SecretPath) {
    let path = path.clone();
    let unit = store::Unit::Tenant(house.acme.id);
    house
        .store
        .unit_write::<_, StoreError>(unit, &system(house), move |tx| {
            let key = tx.sealing().census()?.remove(0).key;
            let column = &store::sealed::SECRET_VALUES;
            let all = tx.sealing().under(column, key, (uuid::Uuid::nil(), 0), 50)?;
            // Ids come in the order they were made: the last one is the one just kept.
            let record = all.last().cloned().ok_or(StoreError::Corrupt)?;
            let mut bytes = record.sealed.as_bytes().to_vec();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            assert!(tx.sealing().exchange(&record, &domain::Sealed::from_envelope(bytes))?);
            let _ = &path;
            Ok(Commit::quiet(QuietReason::SealedAgain, ()))
        })
        .await
        .unwrap();
}

/// keystone 1295 and 1298: what was newer was reverted, and versions began anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_go_on_during_a_rotation_and_nothing_is_reverted_or_lost() {
    each_engine(async |house| {
        const SECRETS: usize = 6;
        const ROUNDS: u64 = 6;
        for n in 0..SECRETS {
            keep(&house, &house.acme, &format!("S{n}"), "1").await;
        }
        let write = async |n: usize| {
            for round in 2..=ROUNDS {
                let path = house.acme.path(&format!("S{n}"));
                let next = Rotation { path, value: value(&round.to_string()), expected: None };
                let House { store, broker, .. } = &house;
                let done = rotate_secret(store, broker, &house.acme.operator, next).await;
                assert_eq!(done.unwrap().value.version, round);
            }
        };
        let rotate = async || {
            for _ in 0..4 {
                rotated(&house, &house.acme).await.unwrap();
            }
        };
        tokio::join!(write(0), write(1), write(2), write(3), write(4), write(5), rotate());
        for n in 0..SECRETS {
            let (version, value) = shown(&house, &house.acme, &format!("S{n}")).await;
            assert_eq!((version, value), (ROUNDS, ROUNDS.to_string()));
        }
        let after = lines(&house, &house.acme).await;
        assert_eq!(tables_under(&after, KeyState::Destroyed), BTreeSet::new());
        let total: u64 = after.iter().map(CensusLine::total).sum();
        assert_eq!(total, SECRETS as u64 * ROUNDS);
    })
    .await;
}

/// keystone 1290: each node made a key of its own, and nobody could read the other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_rotate_at_once_make_one_key() {
    each_engine(async |house| {
        keep(&house, &house.acme, "A", "value").await;
        let (wanted, one, two) =
            (wanted(&house, &house.acme).await, system(&house), system(&house));
        let House { store, broker, acme, .. } = &house;
        let (first, second) = tokio::join!(
            finish_wanted(store, broker, &one, acme.id, &wanted, &no_progress),
            finish_wanted(store, broker, &two, acme.id, &wanted, &no_progress)
        );
        assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
        rotated(&house, acme).await.unwrap();
        let keys = broker.keys(Realm::Tenant(acme.id)).await.unwrap();
        assert_eq!((keys.active().count(), keys.retiring().count()), (1, 0));
        assert_eq!(shown(&house, acme, "A").await, (1, "value".to_owned()));
    })
    .await;
}

/// keystone 1299 and 1301: cut off at any step, the wish stands, everything opens, and the same
/// walk finishes it without making further keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_was_cut_off_at_any_step_goes_on_from_there() {
    each_engine(async |house| {
        for n in 0..3 {
            keep(&house, &house.acme, &format!("S{n}"), "value").await;
        }
        for step in 1..=4_u64 {
            let (wanted, system) = (wanted(&house, &house.acme).await, system(&house));
            let (store, broker, tenant) =
                (house.store.clone(), house.broker.clone(), house.acme.id);
            let again = wanted.clone();
            let seen = AtomicU64::new(0);
            let cut_off = tokio::spawn(async move {
                let die = move |_: RotationStep| {
                    assert!(seen.fetch_add(1, Ordering::SeqCst) + 1 < step, "cut off here");
                };
                finish_wanted(&store, &broker, &system, tenant, &again, &die).await
            });
            assert!(cut_off.await.is_err(), "step {step} did not come");
            for n in 0..3 {
                let shown = shown(&house, &house.acme, &format!("S{n}")).await;
                assert_eq!(shown, (1, "value".to_owned()), "step {step}");
            }
            // The wish of before is the one that stands.
            assert_eq!(self::wanted(&house, &house.acme).await, wanted, "step {step}");
            rotated(&house, &house.acme).await.unwrap();
            let keys = house.broker.keys(Realm::Tenant(tenant)).await.unwrap();
            assert_eq!((keys.active().count(), keys.retiring().count()), (1, 0), "step {step}");
            let ever = usize::try_from(step).unwrap() + 1;
            assert_eq!(keys.keys.len(), ever, "step {step}: a key too many");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_epoch_is_in_the_log_and_changes_no_record() {
    each_engine(async |house| {
        keep(&house, &house.acme, "A", "value").await;
        let before = lines(&house, &house.acme).await;
        let House { store, broker, acme, .. } = &house;
        assert_eq!(rotate_epoch(store, broker, &system(&house), acme.id).await, Ok(2));
        let after = lines(&house, acme).await;
        let under = |lines: &[CensusLine]| -> Vec<_> {
            lines.iter().map(|line| (line.key, line.records.clone())).collect()
        };
        assert_eq!(under(&before), under(&after));
        assert_eq!(shown(&house, acme, "A").await, (1, "value".to_owned()));
        let entries = logged(store, &acme.owner, Verb::SealingRotated).await;
        assert_eq!(entries[0].0["new"]["epoch"], json!(2));
    })
    .await;
}

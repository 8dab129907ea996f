//! Whose keys they are: the owner sees and rotates them, the schedule rotates them, the host
//! destroys them.

use std::collections::BTreeSet;

use broker::{BrokerError, KeyState, Realm, Refusal};
use domain::authz::{Act, Denied};
use domain::limits;
use ledger::{AuditEvent, ShredCertificate, Verb, VerifierKey};
use serde_json::json;
use store::{Caller, Commit, Page, StoreError, Unit};
use vault::VaultError;
use vault::sealing::{
    Extent, Look, RotationStep, SealingError, ask_for_rotation, census, finish_extent,
    list_accesses, look_after, no_progress, see_keys, set_interval, shred_secret, shred_workspace,
    want_rotation,
};
use vault::secrets::{NewSecret, reveal_secret, set_secret};

use crate::house::{House, each_engine, keep, logged, value, why};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn system(house: &House) -> Caller {
    Caller::system("rotation", house.store.mint().id())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_owner_with_a_fresh_factor_starts_a_rotation() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        keep(&house, acme, "A", "value").await;
        let fresh = Some(house.now());
        for scope in [&acme.admin, &acme.operator, &acme.viewer] {
            let (see, turn) = (Act::SealingRead, Act::SealingRotate);
            let denied = |act| Some(VaultError::Denied(Denied::ActNotHeld(act)));
            assert_eq!(see_keys(store, broker, scope).await.err(), denied(see));
            assert_eq!(list_accesses(store, scope, Page::default()).await.err(), denied(see));
            assert_eq!(ask_for_rotation(store, scope, fresh).await.err(), denied(turn));
            assert_eq!(set_interval(store, scope, fresh, 30).await.err(), denied(turn));
        }
        let stale = Some(house.now().plus_ms(-limits::FACTOR_FRESH_MS - 1));
        let stale = ask_for_rotation(store, &acme.owner, stale).await.err();
        let expected = Denied::FactorNotFresh(Act::SealingRotate);
        assert_eq!(stale, Some(VaultError::Denied(expected)));

        ask_for_rotation(store, &acme.owner, fresh).await.unwrap();
        let again = ask_for_rotation(store, &acme.owner, fresh).await.err();
        assert_eq!(again, Some(VaultError::Exists));
        let done = look_after(store, broker, &system(&house), acme.id, Look::Wanted).await;
        assert_eq!(done.unwrap().unwrap().keys, 1);
        let nothing = look_after(store, broker, &system(&house), acme.id, Look::Wanted).await;
        assert_eq!(nothing, Ok(None));
        let seen = see_keys(store, broker, &acme.owner).await.unwrap();
        assert_eq!(seen.interval_days, limits::SEALING_ROTATION_DAYS_DEFAULT);
        let states: Vec<KeyState> = seen.keys.keys.iter().map(|key| key.state).collect();
        assert_eq!(states, [KeyState::Destroyed, KeyState::Active]);
        let started = logged(store, &acme.owner, Verb::SealingRotationStarted).await;
        let who = acme.owner.actor().to_string();
        assert_eq!(started[0].0["new"]["wanted_by"], json!(who));
        // The neighbour's keys are as they were.
        assert_eq!(broker.keys(Realm::Tenant(house.rival.id)).await.unwrap().keys.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sees_every_opening_and_others_do_not() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        let path = keep(&house, acme, "A", "value").await;
        reveal_secret(store, broker, &acme.owner, Some(house.now()), path, why()).await.unwrap();
        // As the sequencer copies it out of the broker's journal.
        let journal = broker.journal_after(0, 1_000).await.unwrap();
        let ours = journal.iter().rfind(|entry| entry.realm == Realm::Tenant(acme.id)).unwrap();
        let event = AuditEvent::new(Verb::KeyOpened, "journal", ours.seq)
            .new_value(json!({ "actor": ours.actor }));
        store
            .unit_write::<_, StoreError>(Unit::Tenant(acme.id), &system(&house), move |_| {
                Ok(Commit::audited(event, ()))
            })
            .await
            .unwrap();
        let listed = list_accesses(store, &acme.owner, Page::default()).await.unwrap();
        assert_eq!(listed.items.len(), 1, "the reveal's own entry is no opening");
        let body: serde_json::Value = serde_json::from_slice(&listed.items[0].body).unwrap();
        assert_eq!(body["verb"], "key.opened");
        assert_eq!(body["new"]["actor"], json!(acme.owner.actor().to_string()));
        let strangers = list_accesses(store, &house.rival.owner, Page::default()).await.unwrap();
        assert!(strangers.items.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_due_are_rotated_without_anybody_asking() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        keep(&house, acme, "A", "value").await;
        let look = async |days: i64| {
            let at = Look::Ages(house.now().plus_ms(days * DAY_MS));
            look_after(store, broker, &system(&house), acme.id, at).await
        };
        assert_eq!(look(0).await, Ok(None));
        assert_eq!(look(89).await, Ok(None), "young keys were rotated");
        let keys = broker.keys(Realm::Tenant(acme.id)).await.unwrap();
        let due = vault::sealing::due_at(&keys, 90).unwrap();
        assert_eq!(due.since_ms(keys.keys[0].made_at), 90 * DAY_MS);
        assert_eq!(look(91).await.unwrap().unwrap().keys, 1);
        let began = logged(store, &acme.owner, Verb::SealingRotationStarted).await;
        assert_eq!(began[0].0["new"]["wanted_by"], json!("system:schedule"));
        assert_eq!(look(0).await, Ok(None));
        assert!(logged(store, &acme.owner, Verb::SealingOverdue).await.is_empty());

        assert_eq!(look(98).await.unwrap().unwrap().keys, 1);
        let told = logged(store, &acme.owner, Verb::SealingOverdue).await;
        assert_eq!(told.len(), 1, "a rotation a week late is told");
        let owner = acme.owner.actor().principal();
        let messages = async || {
            let read = store.platform_read(move |tx| tx.outbox().list(owner, Page::first(10)));
            let listed: Result<_, StoreError> = read.await;
            listed.unwrap().items.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(messages().await, ["keys_overdue"], "and its owner has one message");
        assert_eq!(look(0).await, Ok(None));
        assert_eq!(messages().await, ["keys_overdue"]);
        set_interval(store, &acme.owner, Some(house.now()), 30).await.unwrap();
        assert_eq!(look(31).await.unwrap().unwrap().keys, 1);
        let changed = logged(store, &acme.owner, Verb::SealingScheduleChanged).await;
        assert_eq!(changed[0].0["old"]["interval_days"], json!(90));
        assert_eq!(changed[0].0["new"]["interval_days"], json!(30));
    })
    .await;
}

/// Between the last page and the fence, somebody whose value was sealed before the key retired
/// commits it: it is found by the count, and sealed again before the key goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_came_in_before_the_fence_are_sealed_again() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        keep(&house, acme, "A", "value").await;
        let wanted = want_rotation(store, &system(&house), acme.id, "user:o").await.unwrap();
        // The record as it was sealed under the old key: what a slow writer still holds.
        let late = slow_copy(&house).await;
        let put_back = std::sync::atomic::AtomicBool::new(false);
        let handle = tokio::runtime::Handle::current();
        let (inner, caller, unit) = (store.clone(), system(&house), Unit::Tenant(acme.id));
        let look = move |step: RotationStep| {
            if matches!(step, RotationStep::SealedAgain(1))
                && !put_back.swap(true, std::sync::atomic::Ordering::SeqCst)
            {
                // Right after the page was exchanged, the old envelope comes back.
                let (inner, caller, late) = (inner.clone(), caller.clone(), late.clone());
                tokio::task::block_in_place(|| {
                    handle.block_on(async move {
                        inner
                            .unit_write::<_, StoreError>(unit, &caller, move |tx| {
                                let keys = tx.sealing().census()?;
                                let new = keys.iter().find(|count| count.key != late.key);
                                let (new, start) = (new.unwrap().key, (uuid::Uuid::nil(), 0));
                                let now = tx.sealing().under(late.column, new, start, 9)?;
                                assert!(tx.sealing().exchange(&now[0], &late.sealed)?);
                                Ok(store::Commit::quiet(store::QuietReason::SealedAgain, ()))
                            })
                            .await
                            .unwrap();
                    });
                });
            }
        };
        let all = (&wanted, Extent::All);
        let done = finish_extent(store, broker, &system(&house), acme.id, all, &look).await;
        assert_eq!(done.unwrap().records, 2, "the record that came back was sealed again");
        let shown =
            reveal_secret(store, broker, &acme.owner, Some(house.now()), acme.path("A"), why());
        assert_eq!(shown.await.unwrap().value.value.expose(), b"value");
    })
    .await;
}

#[derive(Clone)]
struct Slow {
    column: &'static store::sealed::SealedColumn,
    key: [u8; 16],
    sealed: domain::Sealed,
}

async fn slow_copy(house: &House) -> Slow {
    let unit = Unit::Tenant(house.acme.id);
    house
        .store
        .unit_read::<_, StoreError>(unit, |tx| {
            let count = tx.sealing().census()?.remove(0);
            let under = tx.sealing().under(count.column, count.key, (uuid::Uuid::nil(), 0), 9)?;
            Ok(Slow { column: count.column, key: count.key, sealed: under[0].sealed.clone() })
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shredded_secret_is_gone_with_its_key_and_its_neighbours_open() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        let gone = keep(&house, acme, "GONE", "value").await;
        keep(&house, acme, "STAYS", "value").await;
        let page = Page::default();
        let (project, environment) = (gone.project, gone.environment);
        let listed = vault::secrets::list_secrets(store, &acme.owner, project, environment, page);
        let listed = listed.await.unwrap().items;
        let secret = listed.iter().find(|secret| secret.name == gone.name).unwrap().id;
        let before = census(store, broker, acme.id).await.unwrap()[0].key;
        let which = (acme.id, secret);
        let notes = shred_secret(store, broker, &system(&house), which, &no_progress).await;
        let notes = notes.unwrap();
        let key = VerifierKey::parse(&broker.log_key().await.unwrap()).unwrap();
        let certificate = ShredCertificate::open(&notes[0], &[key]).unwrap();
        let named = seal::KeyId::from_bytes(before).to_string();
        assert_eq!(certificate.key.as_deref(), Some(named.as_str()));
        let fresh = Some(house.now());
        let shown = reveal_secret(store, broker, &acme.owner, fresh, gone, why()).await.err();
        assert_eq!(shown, Some(VaultError::NotFound));
        let stays = acme.path("STAYS");
        let shown = reveal_secret(store, broker, &acme.owner, fresh, stays, why()).await.unwrap();
        assert_eq!(shown.value.value.expose(), b"value");
        let again = shred_secret(store, broker, &system(&house), which, &no_progress).await;
        assert_eq!(again, Err(SealingError::NoSecret));
        // Another tenant's secret under our workspace's name is not found either.
        let theirs = (house.rival.id, secret);
        let other = shred_secret(store, broker, &system(&house), theirs, &no_progress).await;
        assert_eq!(other, Err(SealingError::NoSecret));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shredded_workspace_seals_and_opens_nothing_more() {
    each_engine(async |house| {
        let (acme, House { store, broker, .. }) = (&house.acme, &house);
        let path = keep(&house, acme, "A", "value").await;
        keep(&house, &house.rival, "A", "value").await;
        shred_workspace(store, broker, &system(&house), acme.id).await.unwrap();
        let shredded = BrokerError::Refused(Refusal::RealmShredded);
        let fresh = Some(house.now());
        let shown = reveal_secret(store, broker, &acme.owner, fresh, path, why()).await.err();
        assert_eq!(shown, Some(VaultError::Sealing(shredded)));
        let new = NewSecret { path: acme.path("B"), value: value("v") };
        let set = set_secret(store, broker, &acme.owner, new).await.err();
        assert_eq!(set, Some(VaultError::Sealing(shredded)));
        let counted = census(store, broker, acme.id).await.err();
        assert!(vault::sealing::is_shredded(&counted.unwrap()));
        assert_eq!(logged(store, &acme.owner, Verb::SealingShredded).await.len(), 1);
        let theirs = house.rival.path("A");
        let shown = reveal_secret(store, broker, &house.rival.owner, fresh, theirs, why()).await;
        assert!(shown.is_ok());
        let tables: BTreeSet<_> = census(store, broker, house.rival.id)
            .await
            .unwrap()
            .iter()
            .flat_map(|line| line.records.keys().copied().collect::<Vec<_>>())
            .collect();
        assert_eq!(tables, BTreeSet::from(["secret_versions"]));
    })
    .await;
}

//! How transactions end.

use domain::Sealed;
use ledger::Verb;
use store::{Commit, Listing, Page, QuietReason, Secret, StoreError, Unit};

use crate::contract::on_both_engines;
use crate::house::{House, Kind, event, set_permit, set_secret, variable};

on_both_engines! {
    a_write_is_read_back_with_its_entry
    a_refused_use_case_leaves_nothing
    a_write_that_says_it_changed_nothing_is_rolled_back
    a_write_with_an_empty_list_of_events_is_rolled_back
    a_statement_that_failed_spoils_the_commit
    a_panicking_use_case_is_rolled_back_and_the_store_lives_on
    a_read_cannot_write
    closures_that_share_a_commit_keep_or_undo_their_own_rows_only
    a_dropped_write_ends_by_itself
    an_action_whose_entry_cannot_be_written_does_not_happen
}

async fn a_write_is_read_back_with_its_entry(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let scope = house.scope(ours);
    let written = set_secret(&house, ours, "DATABASE_URL", vec![7; 100]).await.unwrap();
    let entry = written.entries[0];
    assert_eq!((written.entries.len(), entry.unit), (1, Unit::Tenant(ours.tenant)));
    house
        .store
        .read::<_, StoreError>(&scope, move |tx| {
            let name = variable("DATABASE_URL");
            let found = tx.secrets().sealed(ours.project, ours.environment, &name)?.unwrap();
            assert_eq!(found.sealed.as_bytes(), &[7; 100]);
            let logged = tx.audit().find(entry.entry)?.unwrap();
            assert_eq!(logged.hash, entry.hash);
            assert_eq!(ledger::tree::leaf_hash(&logged.body), entry.hash);
            assert_eq!((logged.index, logged.personal.len()), (None, 2));
            Ok(())
        })
        .await
        .unwrap();
    let fetched = house
        .store
        .fetch_sealed(&scope, ours.project, ours.environment, &variable("DATABASE_URL"))
        .await
        .unwrap();
    assert_eq!(fetched.unwrap().sealed.as_bytes(), &[7; 100]);
    house.store.close().await;
}

async fn a_refused_use_case_leaves_nothing(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let refused = house
        .store
        .write::<(), StoreError>(&house.scope(ours), move |tx| {
            let permit = set_permit(ours, tx.now(), "A");
            let id = tx.mint().id();
            tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![1]))?;
            Err(StoreError::Busy)
        })
        .await;
    assert_eq!(refused.unwrap_err(), StoreError::Busy);
    assert_eq!(secrets(&house).await.items, vec![]);
}

async fn a_write_that_says_it_changed_nothing_is_rolled_back(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let refused = house
        .store
        .write::<(), StoreError>(&house.scope(ours), move |tx| {
            let permit = set_permit(ours, tx.now(), "A");
            let id = tx.mint().id();
            tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![1]))?;
            Ok(Commit::unchanged(()))
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Defect(_))), "{refused:?}");
    assert_eq!(secrets(&house).await.items, vec![]);
    let nothing = house
        .store
        .write::<_, StoreError>(&house.scope(ours), |tx| {
            let count = tx.members().count()?;
            Ok(Commit::unchanged(count))
        })
        .await
        .unwrap();
    assert_eq!((nothing.value, nothing.entries), (1, vec![]));
}

async fn a_write_with_an_empty_list_of_events_is_rolled_back(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let refused = house
        .store
        .write::<(), StoreError>(&house.scope(ours), move |tx| {
            let permit = set_permit(ours, tx.now(), "A");
            let id = tx.mint().id();
            tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![1]))?;
            Ok(Commit::audited_all(vec![], ()))
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Defect(_))), "{refused:?}");
    assert_eq!(secrets(&house).await.items, vec![]);
}

async fn a_statement_that_failed_spoils_the_commit(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    set_secret(&house, ours, "TAKEN", vec![1]).await.unwrap();
    let spoilt = house
        .store
        .write::<(), StoreError>(&house.scope(ours), move |tx| {
            let sealed = Sealed::from_envelope(vec![2]);
            let (first, second) = (tx.mint().id(), tx.mint().id());
            let permit = set_permit(ours, tx.now(), "FREE");
            tx.secrets().set(permit, first, ours.owner, &sealed)?;
            let permit = set_permit(ours, tx.now(), "TAKEN");
            let conflict = tx.secrets().set(permit, second, ours.owner, &sealed);
            assert_eq!(conflict, Err(StoreError::Conflict));
            Ok(Commit::quiet(QuietReason::Hint, ()))
        })
        .await;
    assert!(matches!(spoilt, Err(StoreError::Defect(_))), "{spoilt:?}");
    let names: Vec<_> =
        secrets(&house).await.items.into_iter().map(|secret| secret.name.to_string()).collect();
    assert_eq!(names, ["TAKEN"]);
}

async fn a_panicking_use_case_is_rolled_back_and_the_store_lives_on(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    for _ in 0..5 {
        let panicked = house
            .store
            .write::<(), StoreError>(&house.scope(ours), move |tx| {
                let permit = set_permit(ours, tx.now(), "A");
                let id = tx.mint().id();
                tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![1]))?;
                panic!("on purpose");
            })
            .await;
        assert!(matches!(panicked, Err(StoreError::Defect(_))), "{panicked:?}");
        let panicked = house
            .store
            .read::<(), StoreError>(&house.scope(ours), move |_| panic!("on purpose"))
            .await;
        assert!(matches!(panicked, Err(StoreError::Defect(_))), "{panicked:?}");
    }
    assert_eq!(secrets(&house).await.items, vec![]);
    set_secret(&house, ours, "A", vec![1]).await.unwrap();
}

async fn a_read_cannot_write(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let refused = house
        .store
        .read::<_, StoreError>(&house.scope(ours), move |tx| {
            let permit = set_permit(ours, tx.now(), "A");
            let id = tx.mint().id();
            tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![1]))
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Defect(_))), "{refused:?}");
    let refused =
        house.store.read::<_, StoreError>(&house.scope(ours), |tx| tx.team().lock()).await;
    assert!(matches!(refused, Err(StoreError::Defect(_))), "{refused:?}");
}

async fn closures_that_share_a_commit_keep_or_undo_their_own_rows_only(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let mut running = tokio::task::JoinSet::new();
    for n in 0..60_u8 {
        let (store, scope) = (house.store.clone(), house.scope(ours));
        running.spawn(async move {
            let written = store
                .write::<_, StoreError>(&scope, move |tx| {
                    let permit = set_permit(ours, tx.now(), &format!("S{n}"));
                    let id = tx.mint().id();
                    tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![n]))?;
                    match n % 3 {
                        0 => Ok(Commit::audited(event(Verb::SecretSet), ())),
                        1 => Err(StoreError::Busy),
                        _ => panic!("on purpose"),
                    }
                })
                .await;
            (n, written.is_ok())
        });
    }
    while let Some(done) = running.join_next().await {
        let (n, kept) = done.unwrap();
        assert_eq!(kept, n % 3 == 0, "{n}");
    }
    let listing = secrets(&house).await;
    assert_eq!(listing.items.len(), 20);
    let entries = house
        .store
        .read::<_, StoreError>(&house.scope(ours), |tx| {
            let filter = store::EntryFilter { verb: Some(Verb::SecretSet), ..Default::default() };
            tx.audit().list(&filter, Page::first(200))
        })
        .await
        .unwrap();
    assert_eq!(entries.items.len(), 20);
}

async fn a_dropped_write_ends_by_itself(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    for n in 0..8_u8 {
        let name = format!("D{n}");
        let write = set_secret(&house, ours, &name, vec![n]);
        // Long enough to have begun, too short to have ended, most of the time.
        let _ =
            tokio::time::timeout(std::time::Duration::from_micros(u64::from(n) * 100), write).await;
    }
    // Whatever became of each, its entry shares its fate, and nothing is left locked.
    set_secret(&house, ours, "LAST", vec![1]).await.unwrap();
    // One that goes on in the background may end between the two looks; it ends soon.
    let ended = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let listed = secrets(&house).await.items.len();
        let logged = set_entries(&house).await;
        if listed == logged {
            break;
        }
        assert!(std::time::Instant::now() < ended, "{listed} secrets with {logged} entries");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn set_entries(house: &House) -> usize {
    house
        .store
        .read::<_, StoreError>(&house.scope(house.ours), |tx| {
            let filter = store::EntryFilter { verb: Some(Verb::SecretSet), ..Default::default() };
            Ok(tx.audit().list(&filter, Page::first(200))?.items.len())
        })
        .await
        .unwrap()
}

async fn an_action_whose_entry_cannot_be_written_does_not_happen(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    for table in ["audit_entries", "audit_personal", "audit_pending"] {
        let (block, mend) = match kind {
            Kind::Sqlite => (
                format!(
                    "create trigger full before insert on {table} \
                     begin select raise(abort, 'no'); end"
                ),
                "drop trigger full".to_owned(),
            ),
            Kind::Postgres => {
                let role = house.database().roles.runtime();
                (
                    format!("revoke insert on {table} from {role}"),
                    format!("grant insert on {table} to {role}"),
                )
            }
        };
        by_hand(&house, &block).await;
        let refused = set_secret(&house, ours, "ACTION", vec![1]).await;
        assert!(refused.is_err(), "{table}: {refused:?}");
        assert_eq!(secrets(&house).await.items, vec![], "{table}");
        by_hand(&house, &mend).await;
    }
    set_secret(&house, ours, "ACTION", vec![1]).await.unwrap();
}

/// Changes the database from outside: as whoever holds the file, or as the superuser.
async fn by_hand(house: &House, text: &str) {
    if house.on_postgres() {
        house.database().raw(None).await.batch_execute(text).await.unwrap();
    } else {
        let file = house.folder().join(format!("tenants/{}.db", house.ours.tenant));
        rusqlite::Connection::open(file).unwrap().execute_batch(text).unwrap();
    }
}

async fn secrets(house: &House) -> Listing<Secret> {
    let ours = house.ours;
    house
        .store
        .read::<_, StoreError>(&house.scope(ours), move |tx| {
            tx.secrets().list(ours.project, ours.environment, Page::first(200))
        })
        .await
        .unwrap()
}

//! What every engine must do alike.

use domain::Sealed;
use ledger::Verb;
use store::{Commit, StoreError, Unit};

use crate::house::{House, Kind, event, set_permit, variable};

macro_rules! on_both_engines {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::house::Kind::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::house::Kind::Postgres).await;
            })+
        }
    };
}

on_both_engines! {
    a_write_is_read_back_with_its_entry
}

async fn a_write_is_read_back_with_its_entry(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let scope = house.scope(ours);
    let written = house
        .store
        .write::<_, StoreError>(&scope, move |tx| {
            let (now, id) = (tx.now(), tx.mint().id());
            let permit = set_permit(ours, now, "DATABASE_URL");
            let sealed = Sealed::from_envelope(vec![7; 100]);
            let head = tx.secrets().set(permit, id, ours.owner, &sealed)?;
            Ok(Commit::audited(event(Verb::SecretSet), head))
        })
        .await
        .unwrap();
    assert_eq!(written.entries.len(), 1);
    let entry = written.entries[0];
    assert_eq!(entry.unit, Unit::Tenant(ours.tenant));
    house
        .store
        .read::<_, StoreError>(&scope, move |tx| {
            let found = tx
                .secrets()
                .sealed(ours.project, ours.environment, &variable("DATABASE_URL"))?
                .unwrap();
            assert_eq!(found.sealed.as_bytes(), &[7; 100]);
            let logged = tx.audit().find(entry.entry)?.unwrap();
            assert_eq!(logged.hash, entry.hash);
            assert_eq!(ledger::tree::leaf_hash(&logged.body), entry.hash);
            assert_eq!(logged.index, None);
            assert_eq!(logged.personal.len(), 2);
            Ok(())
        })
        .await
        .unwrap();
    house.store.close().await;
}

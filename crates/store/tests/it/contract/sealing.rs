//! Rotation walks over every sealed column, reverts nothing, and loses nothing to a slow writer.

use std::collections::BTreeSet;
use std::fmt::Write;

use domain::Sealed;
use ledger::Verb;
use store::sealed::{SEALED_COLUMNS, SECRET_VALUES, SealedFor, sealed_columns_of};
use store::{AuditTx, Commit, KeyCount, QuietReason, SealedRecord, StoreError, Unit};
use uuid::Uuid;

use super::on_both_engines;
use crate::house::{House, Kind, Workspace, as_system, event, set_permit, set_secret};
use crate::statements::check_golden;

on_both_engines! {
    every_column_of_bytes_is_registered_as_sealed_or_listed_as_not
    a_census_counts_each_key_in_its_own_tenant_only
    a_record_is_exchanged_only_while_it_is_what_was_read
    a_slow_writer_is_refused_at_the_fence
    a_writer_that_is_half_way_is_counted_or_refused_and_never_lost
    records_under_a_key_are_listed_once_each_in_pages
    a_schedule_is_wanted_once_and_finished
}

/// Bytes in the shape of an envelope: the key's id stands where the header has it.
fn envelope(key: u8, salt: u8) -> Vec<u8> {
    let mut bytes = b"CmEv\x01\x01".to_vec();
    bytes.extend_from_slice(&[key; 16]);
    bytes.extend_from_slice(&[salt; 100]);
    bytes
}

async fn on<T: Send + 'static>(
    house: &House,
    workspace: Workspace,
    work: impl FnOnce(&mut AuditTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let unit = Unit::Tenant(workspace.tenant);
    let written = house
        .store
        .unit_write(unit, &as_system(&house.store), move |tx| {
            Ok::<_, StoreError>(Commit::quiet(QuietReason::SealedAgain, work(tx)?))
        })
        .await?;
    Ok(written.value)
}

async fn census(house: &House, workspace: Workspace) -> Vec<KeyCount> {
    let unit = Unit::Tenant(workspace.tenant);
    house.store.unit_read(unit, |tx| tx.sealing().census()).await.unwrap()
}

async fn first_under(house: &House, workspace: Workspace, key: u8) -> SealedRecord {
    let unit = Unit::Tenant(workspace.tenant);
    let under = house
        .store
        .unit_read(unit, move |tx| {
            tx.sealing().under(&SECRET_VALUES, [key; 16], (Uuid::nil(), 0), 10)
        })
        .await;
    under.unwrap().remove(0)
}

/// windmill 11218, n8n 22478: a rotation that forgot a table left its values under the old key.
async fn every_column_of_bytes_is_registered_as_sealed_or_listed_as_not(kind: Kind) {
    let house = House::open(kind).await;
    let columns = byte_columns(&house).await;
    let registered: BTreeSet<String> = SEALED_COLUMNS
        .into_iter()
        .map(|column| format!("{}.{}", column.table, column.column))
        .collect();
    let unknown: Vec<_> = registered.difference(&columns).collect();
    assert!(unknown.is_empty(), "registered, and not in the database: {unknown:?}");
    for column in columns.iter().filter(|column| column.contains("sealed")) {
        assert!(registered.contains(column), "{column} is sealed and not registered");
    }
    let mut list = String::from("# Columns of bytes that hold no envelope.\n");
    for column in columns.difference(&registered) {
        writeln!(list, "{column}").unwrap();
    }
    let file = match kind {
        Kind::Sqlite => "unsealed_columns.sqlite.txt",
        Kind::Postgres => "unsealed_columns.postgres.txt",
    };
    check_golden(file, &list, "a column of bytes was added or taken away; is it sealed?");
    assert_eq!(sealed_columns_of(SealedFor::Tenant).count(), 3);
    assert_eq!(sealed_columns_of(SealedFor::Person).count(), 7);
}

async fn byte_columns(house: &House) -> BTreeSet<String> {
    if house.on_postgres() {
        let client = house.database().raw(None).await;
        let rows = client
            .query(
                "select table_name || '.' || column_name from information_schema.columns \
                 where table_schema = 'casemate' and data_type = 'bytea'",
                &[],
            )
            .await
            .unwrap();
        return rows.iter().map(|row| row.get(0)).collect();
    }
    let tenant = format!("tenants/{}.db", house.ours.tenant);
    let mut columns = BTreeSet::new();
    for file in ["control.db", &tenant] {
        let connection = rusqlite::Connection::open(house.folder().join(file)).unwrap();
        let mut statement = connection
            .prepare(
                "select m.name || '.' || c.name from sqlite_master m, pragma_table_info(m.name) c \
                 where m.type = 'table' and lower(c.type) = 'blob'",
            )
            .unwrap();
        let found = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        columns.extend(found.map(Result::unwrap));
    }
    columns
}

async fn a_census_counts_each_key_in_its_own_tenant_only(kind: Kind) {
    let house = House::open(kind).await;
    for (name, key) in [("A", 1), ("B", 1), ("C", 2)] {
        set_secret(&house, house.ours, name, envelope(key, 0)).await.unwrap();
    }
    set_secret(&house, house.theirs, "A", envelope(1, 0)).await.unwrap();
    let counted = |counts: Vec<KeyCount>| -> BTreeSet<(&'static str, u8, u64)> {
        counts.iter().map(|one| (one.column.table, one.key[0], one.records)).collect()
    };
    let ours = counted(census(&house, house.ours).await);
    assert_eq!(ours, BTreeSet::from([("secret_versions", 1, 2), ("secret_versions", 2, 1)]));
    let theirs = counted(census(&house, house.theirs).await);
    assert_eq!(theirs, BTreeSet::from([("secret_versions", 1, 1)]));
}

/// keystone 1295: a background "compare and swap" that read, computed and wrote reverted what was
/// newer.
async fn a_record_is_exchanged_only_while_it_is_what_was_read(kind: Kind) {
    let house = House::open(kind).await;
    set_secret(&house, house.ours, "A", envelope(1, 0)).await.unwrap();
    let read = first_under(&house, house.ours, 1).await;
    let exchange = |from: SealedRecord, to: Vec<u8>| {
        let sealed = Sealed::from_envelope(to);
        on(&house, house.ours, move |tx| tx.sealing().exchange(&from, &sealed))
    };
    assert_eq!(exchange(read.clone(), envelope(2, 7)).await, Ok(true));
    // Whoever read the record before that is too late, however often they try.
    assert_eq!(exchange(read.clone(), envelope(3, 8)).await, Ok(false));
    let now = first_under(&house, house.ours, 2).await;
    assert_eq!(now.sealed.as_bytes(), envelope(2, 7));
    assert_eq!((now.id, now.version), (read.id, read.version));
    // Nor does a neighbour reach it with everything it knows.
    let sealed = Sealed::from_envelope(envelope(4, 9));
    let theirs = on(&house, house.theirs, move |tx| tx.sealing().exchange(&now, &sealed)).await;
    assert_eq!(theirs, Ok(false));
}

/// keystone 1288: the old key was dropped while a record under it was on its way.
async fn a_slow_writer_is_refused_at_the_fence(kind: Kind) {
    let house = House::open(kind).await;
    set_secret(&house, house.ours, "A", envelope(1, 0)).await.unwrap();
    let read = first_under(&house, house.ours, 1).await;
    on(&house, house.ours, |tx| {
        tx.team().lock()?;
        tx.sealing().retire([1; 16])
    })
    .await
    .unwrap();
    let late = set_secret(&house, house.ours, "B", envelope(1, 1)).await;
    assert_eq!(late.err(), Some(StoreError::Conflict));
    let back = Sealed::from_envelope(envelope(1, 2));
    let late = on(&house, house.ours, move |tx| tx.sealing().exchange(&read, &back)).await;
    assert_eq!(late.err(), Some(StoreError::Conflict));
    set_secret(&house, house.ours, "B", envelope(2, 1)).await.unwrap();
    // A neighbour's keys are its own, even under the same id.
    set_secret(&house, house.theirs, "B", envelope(1, 1)).await.unwrap();
}

/// The writer has written and not committed when the fence is raised. Whichever comes first, the
/// count behind the fence and the writer's answer agree.
async fn a_writer_that_is_half_way_is_counted_or_refused_and_never_lost(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let (wrote, written) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (store, scope) = (house.store.clone(), house.scope(ours));
    let writer = tokio::spawn(async move {
        store
            .write::<_, StoreError>(&scope, move |tx| {
                let permit = set_permit(ours, tx.now(), "HALF_WAY");
                let id = tx.mint().id();
                let sealed = Sealed::from_envelope(envelope(1, 1));
                tx.secrets().set(permit, id, ours.owner, &sealed)?;
                let _ = wrote.send(());
                let _ = released.recv();
                Ok(Commit::audited(event(Verb::SecretSet), ()))
            })
            .await
    });
    written.await.unwrap();
    let (store, system) = (house.store.clone(), as_system(&house.store));
    let fence = tokio::spawn(async move {
        store
            .unit_write::<_, StoreError>(Unit::Tenant(ours.tenant), &system, |tx| {
                tx.team().lock()?;
                tx.sealing().retire([1; 16])?;
                let left: u64 = tx.sealing().census()?.iter().map(|count| count.records).sum();
                Ok(Commit::quiet(QuietReason::SealedAgain, left))
            })
            .await
    });
    // Gives a fence that does not wait the time to pass by; one that waits loses nothing.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    release.send(()).unwrap();
    let committed = writer.await.unwrap().is_ok();
    let counted = fence.await.unwrap().unwrap().value;
    assert_eq!(committed, counted == 1, "the count says {counted}, the writer {committed}");
}

async fn records_under_a_key_are_listed_once_each_in_pages(kind: Kind) {
    let house = House::open(kind).await;
    for n in 0..7 {
        set_secret(&house, house.ours, &format!("S{n}"), envelope(1, n)).await.unwrap();
    }
    set_secret(&house, house.ours, "OTHER", envelope(2, 0)).await.unwrap();
    let (mut seen, mut after) = (BTreeSet::new(), (Uuid::nil(), 0));
    loop {
        let unit = Unit::Tenant(house.ours.tenant);
        let page = house
            .store
            .unit_read::<_, StoreError>(unit, move |tx| {
                tx.sealing().under(&SECRET_VALUES, [1; 16], after, 3)
            })
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = (last.id, last.version);
        for record in page {
            assert_eq!(record.environment, Some(house.ours.environment));
            assert!(seen.insert(record.id), "listed twice");
        }
    }
    assert_eq!(seen.len(), 7);
}

async fn a_schedule_is_wanted_once_and_finished(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let schedule = async || {
        let unit = Unit::Tenant(ours.tenant);
        house.store.unit_read::<_, StoreError>(unit, |tx| tx.sealing().schedule()).await.unwrap()
    };
    assert_eq!(schedule().await, None);
    assert_eq!(on(&house, ours, |tx| tx.sealing().want(90, "user:1")).await, Ok(true));
    assert_eq!(on(&house, ours, |tx| tx.sealing().want(90, "user:2")).await, Ok(false));
    on(&house, ours, |tx| tx.sealing().set_interval(30)).await.unwrap();
    assert_eq!(on(&house, ours, |tx| tx.sealing().overdue(90)).await, Ok(true));
    assert_eq!(on(&house, ours, |tx| tx.sealing().overdue(90)).await, Ok(false));
    let wanted = schedule().await.unwrap();
    assert_eq!((wanted.interval_days, wanted.wanted_by.as_deref()), (30, Some("user:1")));
    assert!(wanted.overdue_at.is_some());
    on(&house, ours, |tx| tx.sealing().finish()).await.unwrap();
    let done = schedule().await.unwrap();
    assert_eq!((done.wanted_at, done.overdue_at), (None, None));
    assert!(done.finished_at.is_some());
    let refused = on(&house, ours, |tx| tx.sealing().set_interval(0)).await;
    assert_eq!(refused.err(), Some(StoreError::Conflict));
}

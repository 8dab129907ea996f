//! The log: listing, sequencing, and what a second sequencer meets.

use ledger::{Frontier, NodePosition, Stream, Verb};
use store::{
    AuditTx, Commit, EntryFilter, NewCheckpoint, NewLeaf, NewNode, Page, PendingEntry, QuietReason,
    StoreError, Unit,
};

use crate::contract::on_both_engines;
use crate::house::{House, Kind, as_system, event, set_secret};

on_both_engines! {
    entries_are_listed_newest_first_and_by_filter
    entries_move_into_the_tree_once
    the_platform_has_a_log_of_its_own
    the_journal_is_copied_once
    an_actor_and_an_origin_are_in_the_entry
}

async fn entries_are_listed_newest_first_and_by_filter(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    for n in 0..3_u8 {
        house.clock.advance(1);
        set_secret(&house, ours, &format!("S{n}"), vec![n]).await.unwrap();
    }
    house
        .store
        .read::<_, StoreError>(&house.scope(ours), |tx| {
            let all = tx.audit().list(&EntryFilter::default(), Page::first(10))?;
            assert_eq!(all.items.len(), 4);
            assert!(all.items.windows(2).all(|two| two[0].entry > two[1].entry));
            let first = tx.audit().list(&EntryFilter::default(), Page::first(2))?;
            assert!(first.more);
            let rest = Page::after(first.items[1].entry, 10);
            assert_eq!(tx.audit().list(&EntryFilter::default(), rest)?.items, all.items[2..]);
            let verb = Some(Verb::SecretSet);
            let filter =
                EntryFilter { verb, stream: Some(Stream::Workspace), ..EntryFilter::default() };
            assert_eq!(tx.audit().list(&filter, Page::first(10))?.items.len(), 3);
            let from = Some(all.items[1].entry);
            let later = EntryFilter { from, ..EntryFilter::default() };
            assert_eq!(tx.audit().list(&later, Page::first(10))?.items, all.items[..2]);
            let scanned = tx.audit().scan(&later, Page::first(10))?.items;
            assert!(scanned.iter().all(|entry| entry.personal.is_empty()));
            let resource_id = Some("one' or '1'='1".into());
            let filter = EntryFilter { resource_id, ..filter };
            assert_eq!(tx.audit().list(&filter, Page::first(10))?.items, vec![]);
            Ok(())
        })
        .await
        .unwrap();
}

/// What a sequencer would append for these entries after `size` leaves.
fn appended(
    size: u64,
    frontier: &mut Frontier,
    pending: &[PendingEntry],
) -> (Vec<NewLeaf>, Vec<NewNode>, NewCheckpoint) {
    let mut nodes = Vec::new();
    let leaves: Vec<NewLeaf> = (size..)
        .zip(pending)
        .map(|(index, entry)| NewLeaf { index, entry: entry.entry, hash: entry.hash })
        .collect();
    for leaf in &leaves {
        frontier.append(leaf.hash, |position: NodePosition, hash| {
            if position.level > 0 {
                let level = u32::from(position.level);
                nodes.push(NewNode { level, index: position.index, hash });
            }
        });
    }
    let size = size + u64::try_from(leaves.len()).unwrap();
    (leaves, nodes, NewCheckpoint { size, root: frontier.root(), note: "signed".into() })
}

async fn entries_move_into_the_tree_once(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    for n in 0..4_u8 {
        set_secret(&house, ours, &format!("S{n}"), vec![n]).await.unwrap();
    }
    let unit = Unit::Tenant(ours.tenant);
    let stream = Stream::Workspace;
    let read = move |tx: &mut AuditTx<'_>| -> Result<_, StoreError> {
        Ok((
            tx.tree().pending(stream, 100)?,
            tx.tree().oldest_pending()?,
            tx.tree().checkpoint(stream)?,
        ))
    };
    let (pending, oldest, checkpoint) = house.store.unit_read(unit, read).await.unwrap();
    assert_eq!((pending.len(), checkpoint), (5, None));
    assert_eq!(oldest, Some(house.store.mint().now()));
    let sequencer = as_system(&house.store);
    let first = pending.clone();
    let append = move |tx: &mut AuditTx<'_>| -> Result<Commit<()>, StoreError> {
        let mut frontier = Frontier::resume(0, vec![]).unwrap();
        let (leaves, nodes, checkpoint) = appended(0, &mut frontier, &first);
        tx.tree().append(stream, &leaves, &nodes, &checkpoint)?;
        Ok(Commit::quiet(QuietReason::Sequencing, ()))
    };
    house.store.unit_write(unit, &sequencer, append.clone()).await.unwrap();
    let second = house.store.unit_write(unit, &sequencer, append).await;
    assert_eq!(second.unwrap_err(), StoreError::Conflict, "a second sequencer with the same batch");
    let (left, oldest, checkpoint) = house.store.unit_read(unit, read).await.unwrap();
    assert_eq!((left, oldest), (vec![], None));
    let checkpoint = checkpoint.unwrap();
    assert_eq!(checkpoint.size, 5);
    house
        .store
        .read::<_, StoreError>(&house.scope(ours), move |tx| {
            let entries = tx.audit().range(stream, 1, 3)?;
            let indices: Vec<_> = entries.iter().map(|entry| entry.index.unwrap()).collect();
            assert_eq!(indices, [1, 2, 3]);
            assert!(entries.iter().all(|entry| entry.personal.len() == 2));
            assert_eq!(tx.audit().entry(stream, 4)?.unwrap().entry, pending[4].entry);
            assert_eq!(tx.audit().entry(stream, 5)?, None);
            assert_eq!(tx.audit().leaf(stream, 0)?, Some(pending[0].hash));
            assert_eq!(tx.audit().node(stream, 0, 0)?, Some(pending[0].hash));
            let two = ledger::tree::node_hash(&pending[0].hash, &pending[1].hash);
            assert_eq!(tx.audit().node(stream, 1, 0)?, Some(two));
            assert_eq!(tx.audit().checkpoint(stream)?.unwrap(), checkpoint);
            Ok(())
        })
        .await
        .unwrap();
}

async fn the_platform_has_a_log_of_its_own(kind: Kind) {
    let house = House::open(kind).await;
    let written = house
        .store
        .platform_write::<_, StoreError>(&as_system(&house.store), |_| {
            Ok(Commit::audited(event(Verb::SessionRefused), ()))
        })
        .await
        .unwrap();
    let entry = written.entries[0];
    assert_eq!((entry.unit, entry.stream), (Unit::Platform, Stream::Security));
    let found = house
        .store
        .platform_read::<_, StoreError>(move |tx| tx.audit().find(entry.entry))
        .await
        .unwrap();
    assert_eq!(found.unwrap().hash, entry.hash);
    let pending = house
        .store
        .unit_read::<_, StoreError>(Unit::Platform, |tx| tx.tree().pending(Stream::Security, 9))
        .await
        .unwrap();
    assert_eq!(pending.len(), 1);
    let elsewhere = house
        .store
        .read::<_, StoreError>(&house.scope(house.ours), move |tx| tx.audit().find(entry.entry))
        .await
        .unwrap();
    assert_eq!(elsewhere, None);
}

async fn the_journal_is_copied_once(kind: Kind) {
    let house = House::open(kind).await;
    let unit = Unit::Tenant(house.ours.tenant);
    let caller = as_system(&house.store);
    for (seq, new) in [(3, true), (3, false), (2, false), (4, true)] {
        let advanced = house
            .store
            .unit_write::<_, StoreError>(unit, &caller, move |tx| {
                let advanced = tx.journal_mark().advance(seq)?;
                Ok(Commit::quiet(QuietReason::Sequencing, advanced))
            })
            .await
            .unwrap();
        assert_eq!(advanced.value, new, "{seq}");
    }
    let mark =
        house.store.unit_read::<_, StoreError>(unit, |tx| tx.journal_mark().seq()).await.unwrap();
    assert_eq!(mark, 4);
}

async fn an_actor_and_an_origin_are_in_the_entry(kind: Kind) {
    let house = House::open(kind).await;
    let ours = house.ours;
    let written = set_secret(&house, ours, "S", vec![1]).await.unwrap();
    let id = written.entries[0].entry;
    let entry = house
        .store
        .read::<_, StoreError>(&house.scope(ours), move |tx| tx.audit().find(id))
        .await
        .unwrap()
        .unwrap();
    let body: serde_json::Value = serde_json::from_slice(&entry.body).unwrap();
    assert_eq!(body["actor"]["user"], ours.owner.to_string());
    assert_eq!(body["unit"], ours.tenant.to_string());
    assert_eq!(body["at_ms"], house.store.mint().now().0);
    let text = String::from_utf8(entry.body).unwrap();
    assert!(!text.contains("192.0.2.7"), "an address is a commitment in the bytes");
    assert!(entry.personal.iter().any(|personal| personal.value == "192.0.2.7"));
}

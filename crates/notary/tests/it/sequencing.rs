//! Indices, checkpoints, and several sequencers at once.

use domain::limits::ENTRIES_PER_BATCH_MAX;
use ledger::receipt::header_form;
use ledger::{Checkpoint, Evidence, Note, Receipt, Stream, Verdict, verify_export};
use notary::{NotaryError, Sequenced, receipts, sequence};
use store::{StoredCheckpoint, Unit};

use crate::ground::on_each_engine;
use crate::house::{House, Workspace};

on_each_engine! {
    entries_get_dense_indices_and_a_checkpoint_that_the_broker_signed
    a_log_without_news_is_not_signed_again
    an_empty_log_is_signed_once_as_empty
    a_batch_is_bounded_and_the_rest_follows
    several_sequencers_at_once_neither_fork_nor_skip_nor_double
    a_receipt_names_the_entry_its_log_and_its_hash
    a_receipt_for_an_entry_that_is_not_in_the_log_convicts_once_it_is_due
    the_worker_finds_entries_it_was_not_told_about_and_stops_with_nothing_waiting
    a_touched_log_is_sequenced_within_a_second
}

async fn newest(house: &House, workspace: Workspace) -> StoredCheckpoint {
    let unit = Unit::Tenant(workspace.tenant);
    let read = house
        .store
        .unit_read::<_, NotaryError>(unit, |tx| Ok(tx.audit().checkpoint(Stream::Workspace)?));
    read.await.unwrap().expect("a checkpoint")
}

async fn entries_get_dense_indices_and_a_checkpoint_that_the_broker_signed(house: House) {
    house.write(house.ours, 5).await;
    assert_eq!(house.sequence(house.ours).await, Ok(6), "the birth of the workspace is the first");
    let stored = newest(&house, house.ours).await;
    let (note, key) = (Note::parse(&stored.note).unwrap(), house.key().await);
    let checkpoint = Checkpoint::parse(note.open(&[key]).unwrap()).unwrap();
    assert_eq!(checkpoint.origin, house.origin(house.ours));
    assert_eq!((checkpoint.size, checkpoint.root), (stored.size, stored.root));
    let Verdict::Verified(verified) = house.verdict(house.ours).await else {
        panic!("{}", house.verdict(house.ours).await);
    };
    assert_eq!(verified.size, 7, "with the entry of the export itself");
}

async fn a_log_without_news_is_not_signed_again(house: House) {
    house.sequence(house.ours).await.unwrap();
    let before = newest(&house, house.ours).await;
    assert_eq!(house.sequence(house.ours).await, Ok(1));
    assert_eq!(newest(&house, house.ours).await, before);
}

async fn an_empty_log_is_signed_once_as_empty(house: House) {
    let unit = Unit::Tenant(house.ours.tenant);
    for _ in 0..2 {
        let done = sequence(&house.store, &house.broker, unit, Stream::Security).await;
        assert_eq!(done, Ok(Sequenced { entries: 0, size: 0, more: false }));
    }
    let scope = house.scope(house.ours);
    let read = notary::latest_checkpoint(&house.store, &scope, Stream::Security);
    let checkpoint = read.await.unwrap().unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (0, ledger::tree::empty_root()));
}

async fn a_batch_is_bounded_and_the_rest_follows(house: House) {
    house.write(house.ours, ENTRIES_PER_BATCH_MAX + 200).await;
    let unit = Unit::Tenant(house.ours.tenant);
    let mut sizes = Vec::new();
    loop {
        let step = sequence(&house.store, &house.broker, unit, Stream::Workspace);
        let Sequenced { entries, more, .. } = step.await.unwrap();
        sizes.push(entries);
        if !more {
            break;
        }
    }
    assert_eq!(sizes, [ENTRIES_PER_BATCH_MAX, 201]);
    assert_eq!(house.verdict(house.ours).await.word(), "VERIFIED");
}

async fn several_sequencers_at_once_neither_fork_nor_skip_nor_double(house: House) {
    let mut receipts_given = Vec::new();
    let mut rivals = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, broker) = (house.store.clone(), house.broker.clone());
        let unit = Unit::Tenant(house.ours.tenant);
        rivals.spawn(async move {
            let (mut won, mut lost) = (0, 0);
            for _ in 0..150 {
                match sequence(&store, &broker, unit, Stream::Workspace).await {
                    Ok(done) => won += done.entries,
                    Err(NotaryError::Raced) => lost += 1,
                    Err(error) => panic!("{error}"),
                }
                tokio::task::yield_now().await;
            }
            (won, lost)
        });
    }
    for _ in 0..60 {
        let entries = house.write(house.ours, 3).await;
        let headers = receipts(&house.store, &house.broker, &house.touched, &entries);
        receipts_given.extend(headers.await.unwrap());
    }
    let (mut won, mut lost) = (0, 0);
    while let Some(rival) = rivals.join_next().await {
        let (entries, races) = rival.unwrap();
        won += entries;
        lost += races;
    }
    let size = house.sequence(house.ours).await.unwrap();
    assert_eq!(size, 1 + 60 * 3, "no entry was skipped or doubled");
    assert!(won > 0 && lost > 0, "{won} entries appended, {lost} races lost: no contention");
    let (file, key) = (house.export(house.ours).await.unwrap(), house.key().await);
    let held: Vec<&str> = receipts_given.iter().map(String::as_str).collect();
    let evidence = Evidence { keys: &[key], receipts: &held, ..Evidence::default() };
    let Verdict::Verified(verified) = verify_export(&file[..], evidence) else {
        panic!("{}", verify_export(&file[..], evidence));
    };
    assert_eq!((verified.size, verified.pending_receipts), (size + 1, 0));
}

async fn a_receipt_names_the_entry_its_log_and_its_hash(house: House) {
    let entries = house.write(house.ours, 2).await;
    let headers = receipts(&house.store, &house.broker, &house.touched, &entries).await.unwrap();
    let key = house.key().await;
    for (entry, header) in entries.iter().zip(&headers) {
        let receipt = Receipt::open_header(header, &key).unwrap();
        let origin = house.origin(house.ours);
        assert_eq!(receipt, Receipt::new(origin, entry.entry, entry.hash, entry.at));
    }
}

async fn a_receipt_for_an_entry_that_is_not_in_the_log_convicts_once_it_is_due(house: House) {
    let long_ago = house.store.mint().now().plus_ms(-2 * domain::limits::MERGE_DELAY_MS_MAX);
    let origin = house.origin(house.ours);
    let omitted = Receipt::new(origin, house.store.mint().id(), [9; 32], long_ago);
    let header = header_form(&house.broker.sign_receipt(&omitted).await.unwrap());
    let (file, key) = (house.export(house.ours).await.unwrap(), house.key().await);
    let receipts = [header.as_str()];
    let evidence = Evidence { keys: &[key], receipts: &receipts, ..Evidence::default() };
    assert_eq!(verify_export(&file[..], evidence).word(), "TAMPERED");
}

async fn the_worker_finds_entries_it_was_not_told_about_and_stops_with_nothing_waiting(
    house: House,
) {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = house.worker();
    let running = tokio::task::JoinSet::from_iter([async move {
        worker.run(async { drop(stopped.await) }).await;
    }]);
    house.write(house.ours, 3).await;
    house.write(house.theirs, 2).await;
    stop.send(()).unwrap();
    running.join_all().await;
    assert_eq!(newest(&house, house.ours).await.size, 4);
    assert_eq!(newest(&house, house.theirs).await.size, 3);
    assert!(newest(&house, house.ours).await.note.contains(house.origin(house.ours).as_str()));
}

async fn a_touched_log_is_sequenced_within_a_second(house: House) {
    let worker = house.worker();
    let mut running = tokio::task::JoinSet::new();
    running.spawn(worker.run(std::future::pending()));
    let entries = house.write(house.ours, 1).await;
    receipts(&house.store, &house.broker, &house.touched, &entries).await.unwrap();
    let begun = std::time::Instant::now();
    let scope = house.scope(house.ours);
    loop {
        let shown = notary::show_entry(&house.store, &scope, Stream::Workspace, 1).await;
        if shown.is_ok_and(|shown| shown.entry == entries[0].entry) {
            break;
        }
        assert!(begun.elapsed().as_millis() < 5_000, "not within five polls of a busy machine");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    running.abort_all();
}

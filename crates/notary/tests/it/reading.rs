//! Lists, proofs and exports: what is shown, and to whom.

use domain::authz::{Act, Denied, Role};
use ledger::tree::{verify_consistency, verify_inclusion};
use ledger::{AuditEvent, EntryView, Evidence, Stream, Verb, Verdict, verify_export};
use notary::{
    NotaryError, begin_export, begin_platform_export, consistency_proof, inclusion_proof,
    latest_checkpoint, list_entries, show_entry,
};
use store::{EntryFilter, Page};

use crate::ground::on_each_engine;
use crate::house::{House, Workspace, whole};

on_each_engine! {
    every_entry_is_proved_against_every_checkpoint
    what_no_checkpoint_covers_is_not_found
    a_list_is_paged_newest_first_and_filtered_by_verb_and_resource
    viewers_and_operators_read_nothing_of_the_log_and_admins_all_of_it
    a_neighbour_finds_nothing_with_a_scope_into_this_workspace
    an_export_holds_its_own_entry_and_a_refused_one_leaves_none
    whoever_loses_the_right_in_the_middle_of_an_export_gets_no_more_of_it
    the_security_log_is_exported_apart
    the_platforms_own_log_is_exported_at_the_machine_and_honours_its_receipts
}

const LOG: Stream = Stream::Workspace;

async fn every_entry_is_proved_against_every_checkpoint(house: House) {
    let (store, scope) = (&house.store, house.scope(house.ours));
    let mut roots = Vec::new();
    for _ in 0..6 {
        house.write(house.ours, 3).await;
        house.sequence(house.ours).await.unwrap();
        let checkpoint = latest_checkpoint(store, &scope, LOG).await.unwrap().unwrap();
        roots.push((checkpoint.size, checkpoint.root));
    }
    for &(size, root) in &roots {
        for index in 0..size {
            let entry = show_entry(store, &scope, LOG, index).await.unwrap();
            let proof = inclusion_proof(store, &scope, LOG, index, size).await.unwrap();
            assert_eq!(proof.leaf, ledger::tree::leaf_hash(&entry.body));
            assert!(verify_inclusion(index, size, &proof.leaf, &proof.path, &root));
        }
        for &(from, from_root) in roots.iter().filter(|(from, _)| *from <= size) {
            let proof = consistency_proof(store, &scope, LOG, from, size).await.unwrap();
            assert!(verify_consistency(from, size, &from_root, &root, &proof.path));
        }
    }
}

async fn what_no_checkpoint_covers_is_not_found(house: House) {
    let (store, scope) = (&house.store, house.scope(house.ours));
    house.sequence(house.ours).await.unwrap();
    house.write(house.ours, 1).await;
    let missing = Some(NotaryError::NotFound);
    for (index, size) in [(1, 1), (0, 2), (0, 0), (u64::MAX, 1), (0, u64::MAX)] {
        let proof = inclusion_proof(store, &scope, LOG, index, size).await;
        assert_eq!(proof.err(), missing, "{index} in {size}");
    }
    for (from, to) in [(2, 1), (0, 2), (1, u64::MAX)] {
        let proof = consistency_proof(store, &scope, LOG, from, to).await;
        assert_eq!(proof.err(), missing, "{from} to {to}");
    }
    assert_eq!(show_entry(store, &scope, LOG, 1).await.err(), missing, "it waits for its index");
}

async fn a_list_is_paged_newest_first_and_filtered_by_verb_and_resource(house: House) {
    let (store, scope) = (&house.store, house.scope(house.ours));
    house.write(house.ours, 5).await;
    let all = EntryFilter::default();
    let (mut seen, mut page) = (Vec::new(), Page::first(2));
    loop {
        let listing = list_entries(store, &scope, all.clone(), page).await.unwrap();
        assert!(listing.items.len() <= 2);
        seen.extend(listing.items.iter().map(|entry| entry.entry));
        match listing.items.last().filter(|_| listing.more) {
            Some(last) => page = Page::after(last.entry, 2),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted_by(|left, right| left > right));
    let updates = EntryFilter { verb: Some(Verb::WorkspaceUpdated), ..all.clone() };
    let listing = list_entries(store, &scope, updates, Page::first(50)).await.unwrap();
    assert_eq!(listing.items.len(), 5);
    let third = EntryFilter {
        resource_kind: Some("workspace".into()),
        resource_id: Some("3".into()),
        ..all
    };
    let listing = list_entries(store, &scope, third, Page::first(50)).await.unwrap();
    let view = EntryView::read(&listing.items[0].body).unwrap();
    assert_eq!((listing.items.len(), view.resource.id), (1, "3".into()));
}

/// Every way to read the log, as one person.
async fn attempts(house: &House, scope: &domain::Scope) -> Vec<Option<NotaryError>> {
    let store = &house.store;
    let filter = EntryFilter::default();
    vec![
        list_entries(store, scope, filter, Page::first(9)).await.err(),
        notary::search(store, scope, notary::Search::default(), None, 9).await.err(),
        show_entry(store, scope, LOG, 0).await.err(),
        latest_checkpoint(store, scope, LOG).await.err(),
        inclusion_proof(store, scope, LOG, 0, 1).await.err(),
        consistency_proof(store, scope, LOG, 0, 1).await.err(),
        begin_export(store, &house.broker, scope, LOG).await.err(),
    ]
}

async fn viewers_and_operators_read_nothing_of_the_log_and_admins_all_of_it(house: House) {
    house.sequence(house.ours).await.unwrap();
    for role in [Role::Viewer, Role::Operator] {
        let scope = house.join(house.ours, role).await;
        let (read, export) = (Denied::ActNotHeld(Act::AuditRead), Act::AuditExport);
        let mut expected = vec![Some(NotaryError::Denied(read)); 6];
        expected.push(Some(NotaryError::Denied(Denied::ActNotHeld(export))));
        assert_eq!(attempts(&house, &scope).await, expected, "{role:?}");
    }
    let admin = house.join(house.ours, Role::Admin).await;
    assert_eq!(attempts(&house, &admin).await, vec![None; 7]);
}

async fn a_neighbour_finds_nothing_with_a_scope_into_this_workspace(house: House) {
    house.sequence(house.ours).await.unwrap();
    // The neighbour's owner, in a scope that names our tenant: as if authentication had failed us.
    let forged = Workspace { tenant: house.ours.tenant, ..house.theirs };
    let scope = house.scope(forged);
    assert_eq!(attempts(&house, &scope).await, vec![Some(NotaryError::NotFound); 7]);
}

async fn an_export_holds_its_own_entry_and_a_refused_one_leaves_none(house: House) {
    let viewer = house.join(house.ours, Role::Viewer).await;
    assert!(begin_export(&house.store, &house.broker, &viewer, LOG).await.is_err());
    let file = house.export(house.ours).await.unwrap();
    let mut reader = ledger::export::ExportReader::new(&file[..]);
    reader.head().unwrap();
    let mut verbs = Vec::new();
    while let Ok(ledger::export::Line::Entry(entry)) = reader.line() {
        verbs.push(EntryView::read(&entry.bytes).unwrap().verb);
    }
    verbs.sort_unstable();
    assert_eq!(verbs, ["audit.exported", "member.joined", "workspace.created"]);
}

async fn whoever_loses_the_right_in_the_middle_of_an_export_gets_no_more_of_it(house: House) {
    house.write(house.ours, 300).await;
    let scope = house.join(house.ours, Role::Admin).await;
    let begun = begin_export(&house.store, &house.broker, &scope, LOG).await.unwrap();
    let mut export = begun.value;
    for _ in 0..10 {
        assert!(export.next_line().await.unwrap().is_some());
    }
    let owner = house.owner_of(house.ours).await;
    let email = "email = 'new@ours.example'";
    owner.change(&format!("delete from members where tenant_id = {{ours}} and {email}")).await;
    let mut lines = 10;
    let ended = loop {
        match export.next_line().await {
            Ok(Some(_)) => lines += 1,
            other => break other,
        }
    };
    assert_eq!(ended, Err(NotaryError::NotFound));
    assert!(lines < 300, "{lines} lines");
}

async fn the_security_log_is_exported_apart(house: House) {
    let scope = house.scope(house.ours);
    let begun = begin_export(&house.store, &house.broker, &scope, Stream::Security).await.unwrap();
    assert_eq!(begun.value.size(), 0);
    assert_eq!(begun.entries.len(), 1, "the export itself is in the workspace's log");
    assert_eq!(begun.entries[0].stream, Stream::Workspace);
}

async fn the_platforms_own_log_is_exported_at_the_machine_and_honours_its_receipts(house: House) {
    let caller = store::Caller::system("tests", house.store.mint().id());
    let user = house.ours.owner;
    let sign_in = house.store.platform_write::<_, store::StoreError>(&caller, move |_| {
        let event = AuditEvent::new(Verb::SessionStarted, "user", user);
        Ok(store::Commit::audited(event.personal("email", "ada@example.com"), ()))
    });
    let entries = sign_in.await.unwrap().entries;
    let headers = notary::receipts(&house.store, &house.broker, &house.touched, &entries);
    let headers = headers.await.unwrap();
    let begun = begin_platform_export(&house.store, &house.broker, Stream::Security).await.unwrap();
    assert_eq!(begun.entries[0].unit, store::Unit::Platform);
    let (file, key) = (whole(begun.value).await.unwrap(), house.key().await);
    let evidence = Evidence { keys: &[key], receipts: &[&headers[0]], ..Evidence::default() };
    let Verdict::Verified(verified) = verify_export(&file[..], evidence) else {
        panic!("{}", verify_export(&file[..], evidence));
    };
    assert_eq!((verified.size, verified.pending_receipts, verified.personal), (1, 0, 1));
}

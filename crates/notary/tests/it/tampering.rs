//! Somebody owns the machine, drops the guards, and edits the log. The verifier must see it.

use ledger::verify::{EntryFault, Finding};
use ledger::{Evidence, Stream, Verdict, verify_export};
use notary::{Damage, NotaryError, latest_checkpoint};

use crate::ground::{Owner, on_each_engine};
use crate::house::House;

on_each_engine! {
    the_guards_stop_a_change_while_they_stand
    a_rewritten_entry_is_named
    a_rewritten_entry_with_its_hashes_is_found_by_the_root
    swapped_leaves_are_found
    a_deleted_tail_is_never_verified
    a_whole_log_rolled_back_is_found_by_anybody_who_kept_a_checkpoint
    a_replaced_personal_value_is_named
    an_erased_personal_value_leaves_the_log_valid
    nothing_is_signed_on_top_of_a_changed_tree
    a_damaged_log_does_not_keep_the_neighbours_from_being_sequenced
}

const AT_FOUR: &str = "entry_id = (select entry_id from audit_leaves \
    where tenant_id = {ours} and leaf_index = 4) and tenant_id = {ours}";

/// Makes a log of eight entries, has it signed, and takes its guards away.
async fn unguarded(house: &House) -> Owner {
    house.write(house.ours, 7).await;
    assert_eq!(house.sequence(house.ours).await, Ok(8));
    let owner = house.owner_of(house.ours).await;
    owner.drop_guards().await;
    owner
}

async fn finding(house: &House) -> Finding {
    match house.verdict(house.ours).await {
        Verdict::Tampered(finding) => finding,
        other => panic!("not found out: {other}"),
    }
}

async fn the_guards_stop_a_change_while_they_stand(house: House) {
    house.write(house.ours, 7).await;
    house.sequence(house.ours).await.unwrap();
    let owner = house.owner_of(house.ours).await;
    for statement in [
        "update audit_entries set verb = 'nothing'",
        "update audit_leaves set leaf_index = leaf_index + 100",
        "update audit_nodes set hash = {zeros}",
        "update audit_checkpoints set note = ''",
        "update audit_personal set value = ''",
        "delete from audit_personal",
        "delete from audit_leaves",
        "delete from audit_nodes",
        "delete from audit_checkpoints",
        "delete from audit_entries",
    ] {
        let refused = owner.run(&format!("{statement} where tenant_id = {{ours}}")).await;
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(house.verdict(house.ours).await.word(), "VERIFIED");
}

async fn a_rewritten_entry_is_named(house: House) {
    let owner = unguarded(&house).await;
    let rewrite = "{blob:replace({body}, 'workspace.updated', 'workspace.deleted'):}";
    owner.change(&format!("update audit_entries set body = {rewrite} where {AT_FOUR}")).await;
    let what = EntryFault::Content;
    assert_eq!(finding(&house).await, Finding::Entry { index: 4, what });
}

async fn a_rewritten_entry_with_its_hashes_is_found_by_the_root(house: House) {
    let owner = unguarded(&house).await;
    let rewrite = "{blob:replace({body}, 'workspace.updated', 'workspace.deleted'):}";
    owner.change(&format!("update audit_entries set body = {rewrite} where {AT_FOUR}")).await;
    owner.mend_hashes().await;
    assert!(matches!(finding(&house).await, Finding::Root { .. }));
}

async fn swapped_leaves_are_found(house: House) {
    let owner = unguarded(&house).await;
    for (from, to) in [(2, 1002), (5, 2), (1002, 5)] {
        let place = format!("tenant_id = {{ours}} and leaf_index = {from}");
        owner.change(&format!("update audit_leaves set leaf_index = {to} where {place}")).await;
    }
    assert!(matches!(finding(&house).await, Finding::Root { .. }));
}

async fn a_deleted_tail_is_never_verified(house: House) {
    let owner = unguarded(&house).await;
    owner.change("delete from audit_leaves where tenant_id = {ours} and leaf_index >= 6").await;
    // The nodes above the lost leaves still carry the root, so the log grows on; the gap stays.
    let expected = Finding::Entry { index: 6, what: EntryFault::Position };
    assert_eq!(finding(&house).await, expected);
    owner.change("delete from audit_leaves where tenant_id = {ours} and leaf_index >= 6").await;
    house.write(house.ours, 1).await;
    let outcome = house.sequence(house.ours).await;
    assert!(matches!(outcome, Err(NotaryError::Damaged(Damage::Node(_)))), "{outcome:?}");
}

async fn a_whole_log_rolled_back_is_found_by_anybody_who_kept_a_checkpoint(house: House) {
    house.sequence(house.ours).await.unwrap();
    let owner = unguarded(&house).await;
    let scope = house.scope(house.ours);
    let seen = latest_checkpoint(&house.store, &scope, Stream::Workspace).await.unwrap().unwrap();
    // Everything after the first entry and the first checkpoint goes, without a trace.
    let gone = "tenant_id = {ours} and entry_id not in \
        (select entry_id from audit_leaves where tenant_id = {ours})";
    for statement in [
        "delete from audit_checkpoints where tenant_id = {ours} and size > 1",
        "delete from audit_nodes where tenant_id = {ours}",
        "delete from audit_leaves where tenant_id = {ours} and leaf_index > 0",
        &format!("delete from audit_personal where {gone}"),
        &format!("delete from audit_entries where {gone}"),
    ] {
        owner.change(statement).await;
    }
    let (exported, keys) = (house.export(house.ours).await.unwrap(), [house.key().await]);
    let alone = Evidence { keys: &keys, ..Evidence::default() };
    assert_eq!(verify_export(&exported[..], alone).word(), "VERIFIED", "by itself it looks whole");
    let notes = [seen.note.as_str()];
    let evidence = Evidence { keys: &keys, seen: &notes, ..Evidence::default() };
    let expected = Verdict::Tampered(Finding::SeenCheckpoint { size: seen.size });
    assert_eq!(verify_export(&exported[..], evidence), expected);
}

async fn a_replaced_personal_value_is_named(house: House) {
    let owner = unguarded(&house).await;
    let replace = "update audit_personal set value = '198.51.100.1' where field = 'ip'";
    owner.change(&format!("{replace} and {AT_FOUR}")).await;
    let what = EntryFault::Personal { field: "ip".into() };
    assert_eq!(finding(&house).await, Finding::Entry { index: 4, what });
}

async fn an_erased_personal_value_leaves_the_log_valid(house: House) {
    let owner = unguarded(&house).await;
    owner.change("delete from audit_personal where tenant_id = {ours} and field = 'ip'").await;
    let verdict = house.verdict(house.ours).await;
    let Verdict::Verified(verified) = verdict else { panic!("{verdict}") };
    assert_eq!(verified.withheld, 8);
}

async fn nothing_is_signed_on_top_of_a_changed_tree(house: House) {
    let owner = unguarded(&house).await;
    let peak = "tenant_id = {ours} and level = 3";
    owner.change(&format!("update audit_nodes set hash = {{zeros}} where {peak}")).await;
    house.write(house.ours, 1).await;
    let refused = NotaryError::Damaged(Damage::Root { size: 8 });
    assert_eq!(house.sequence(house.ours).await, Err(refused));
    owner.change(&format!("delete from audit_nodes where {peak}")).await;
    let outcome = house.sequence(house.ours).await;
    assert!(matches!(outcome, Err(NotaryError::Damaged(Damage::Node(_)))), "{outcome:?}");
    let scope = house.scope(house.ours);
    let newest = latest_checkpoint(&house.store, &scope, Stream::Workspace).await.unwrap();
    assert_eq!(newest.unwrap().size, 8, "the last good checkpoint stands");
}

async fn a_damaged_log_does_not_keep_the_neighbours_from_being_sequenced(house: House) {
    let owner = unguarded(&house).await;
    owner.change("update audit_nodes set hash = {zeros} where tenant_id = {ours}").await;
    house.write(house.ours, 1).await;
    house.write(house.theirs, 1).await;
    house.worker().sweep().await;
    assert_eq!(house.verdict(house.theirs).await.word(), "VERIFIED");
    assert_eq!(
        house.sequence(house.ours).await,
        Err(NotaryError::Damaged(Damage::Root { size: 8 }))
    );
}

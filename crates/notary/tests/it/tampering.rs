//! Somebody owns the machine, drops the triggers, and edits the log. The verifier must see it.

use ledger::verify::{EntryFault, Finding};
use ledger::{Evidence, Stream, Verdict, verify_export};
use notary::{Damage, NotaryError, latest_checkpoint};

use crate::house::House;

/// A log of eight entries, signed, whose guards are gone.
async fn unguarded() -> (House, rusqlite::Connection) {
    let house = House::open().await;
    house.write(house.ours, 7).await;
    assert_eq!(house.sequence(house.ours).await, Ok(8));
    let file = house.file_of(house.ours);
    let triggers: Vec<String> = file
        .prepare("select name from sqlite_master where type = 'trigger' and name like 'audit_%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(triggers.len() >= 10, "the log is guarded by triggers");
    for trigger in triggers {
        file.execute_batch(&format!("drop trigger {trigger}")).unwrap();
    }
    file.execute_batch("pragma foreign_keys = off").unwrap();
    (house, file)
}

fn change(file: &rusqlite::Connection, statement: &str) {
    assert!(file.execute(statement, []).unwrap() > 0, "nothing changed: {statement}");
}

async fn finding(house: &House) -> Finding {
    match house.verdict(house.ours).await {
        Verdict::Tampered(finding) => finding,
        other => panic!("not found out: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guards_stop_a_change_while_they_stand() {
    let house = House::open().await;
    house.sequence(house.ours).await.unwrap();
    let file = house.file_of(house.ours);
    for statement in [
        "update audit_entries set body = x'00'",
        "delete from audit_leaves",
        "update audit_nodes set hash = zeroblob(32)",
        "delete from audit_checkpoints",
        "update audit_personal set value = ''",
    ] {
        let table = statement.split(' ').find(|word| word.starts_with("audit_")).unwrap();
        let rows: i64 =
            file.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap();
        assert!(file.execute(statement, []).is_err() || rows == 0, "{statement}");
    }
    assert_eq!(house.verdict(house.ours).await.word(), "VERIFIED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rewritten_entry_is_named() {
    let (house, file) = unguarded().await;
    change(
        &file,
        "update audit_entries set body = cast(replace(cast(body as text), 'workspace.updated', \
         'workspace.deleted') as blob) where entry_id = \
         (select entry_id from audit_leaves where leaf_index = 4)",
    );
    let what = EntryFault::Content;
    assert_eq!(finding(&house).await, Finding::Entry { index: 4, what });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rewritten_entry_with_its_hash_is_found_by_the_root() {
    let (house, file) = unguarded().await;
    let entry: Vec<u8> = file
        .query_row("select entry_id from audit_leaves where leaf_index = 4", [], |row| row.get(0))
        .unwrap();
    let body: Vec<u8> = file
        .query_row("select body from audit_entries where entry_id = ?1", [&entry], |row| row.get(0))
        .unwrap();
    let body = String::from_utf8(body).unwrap().replace("updated", "deleted").into_bytes();
    let hash = ledger::tree::leaf_hash(&body);
    let changed = file
        .execute(
            "update audit_entries set body = ?2, hash = ?3 where entry_id = ?1",
            (&entry, &body, &hash),
        )
        .unwrap();
    assert_eq!(changed, 1);
    change(
        &file,
        "update audit_leaves set hash = (select hash from audit_entries e \
        where e.entry_id = audit_leaves.entry_id)",
    );
    assert!(matches!(finding(&house).await, Finding::Root { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapped_leaves_are_found() {
    let (house, file) = unguarded().await;
    change(
        &file,
        "update audit_leaves set leaf_index = leaf_index + 1000 where leaf_index in (2, 5)",
    );
    change(&file, "update audit_leaves set leaf_index = 5 where leaf_index = 1002");
    change(&file, "update audit_leaves set leaf_index = 2 where leaf_index = 1005");
    assert!(matches!(finding(&house).await, Finding::Root { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_tail_is_never_built_on_and_never_verified() {
    let (house, file) = unguarded().await;
    change(&file, "delete from audit_leaves where leaf_index >= 6");
    // The next entry would take index 8; the tree below it has lost its right edge or kept it.
    let outcome = house.export(house.ours).await;
    if let Ok(exported) = outcome {
        let evidence = Evidence { keys: &[house.key().await], ..Evidence::default() };
        let verdict = verify_export(&exported[..], evidence);
        assert!(matches!(verdict, Verdict::Tampered(Finding::Entry { index: 6, .. })), "{verdict}");
    } else {
        assert!(matches!(outcome, Err(NotaryError::Damaged(_))), "{:?}", outcome.err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_log_rolled_back_is_found_by_anybody_who_kept_a_checkpoint() {
    let house = House::open().await;
    house.sequence(house.ours).await.unwrap();
    let path = house.folder().join(format!("data/tenants/{}.db", house.ours.tenant));
    let backup = house.folder().join("backup.db");
    let file = house.file_of(house.ours);
    file.execute("vacuum into ?1", [backup.to_str().unwrap()]).unwrap();
    house.write(house.ours, 5).await;
    house.sequence(house.ours).await.unwrap();
    let scope = house.scope(house.ours);
    let seen = latest_checkpoint(&house.store, &scope, Stream::Workspace).await.unwrap().unwrap();
    // The attacker puts the rows of the backup in the place of today's.
    for table in
        ["audit_checkpoints", "audit_nodes", "audit_leaves", "audit_personal", "audit_entries"]
    {
        drop_guards_of(&file, table);
        file.execute_batch(&format!("pragma foreign_keys = off; delete from {table}")).unwrap();
    }
    file.execute("attach ?1 as old", [backup.to_str().unwrap()]).unwrap();
    for table in
        ["audit_entries", "audit_personal", "audit_leaves", "audit_nodes", "audit_checkpoints"]
    {
        file.execute_batch(&format!("insert into main.{table} select * from old.{table}")).unwrap();
    }
    assert!(path.exists());
    let (exported, key) = (house.export(house.ours).await.unwrap(), house.key().await);
    let keys = [key];
    let alone = Evidence { keys: &keys, ..Evidence::default() };
    assert_eq!(verify_export(&exported[..], alone).word(), "VERIFIED", "by itself it looks whole");
    let notes = [seen.note.as_str()];
    let evidence = Evidence { keys: &keys, seen: &notes, ..Evidence::default() };
    let verdict = verify_export(&exported[..], evidence);
    let expected = Verdict::Tampered(Finding::SeenCheckpoint { size: seen.size });
    assert_eq!(verdict, expected);
}

fn drop_guards_of(file: &rusqlite::Connection, table: &str) {
    let names: Vec<String> = file
        .prepare("select name from sqlite_master where type = 'trigger' and tbl_name = ?1")
        .unwrap()
        .query_map([table], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for name in names {
        file.execute_batch(&format!("drop trigger {name}")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_personal_value_is_named() {
    let (house, file) = unguarded().await;
    change(
        &file,
        "update audit_personal set value = '198.51.100.1' where field = 'ip' and entry_id = \
         (select entry_id from audit_leaves where leaf_index = 3)",
    );
    let what = EntryFault::Personal { field: "ip".into() };
    assert_eq!(finding(&house).await, Finding::Entry { index: 3, what });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_personal_value_leaves_the_log_valid() {
    let (house, file) = unguarded().await;
    change(&file, "delete from audit_personal where field = 'ip'");
    let Verdict::Verified(verified) = house.verdict(house.ours).await else {
        panic!("{}", house.verdict(house.ours).await);
    };
    assert_eq!(verified.withheld, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_signed_on_top_of_a_changed_tree() {
    let (house, file) = unguarded().await;
    change(&file, "update audit_nodes set hash = zeroblob(32) where level = 3");
    house.write(house.ours, 1).await;
    let refused = NotaryError::Damaged(Damage::Root { size: 8 });
    assert_eq!(house.sequence(house.ours).await, Err(refused));
    change(&file, "delete from audit_nodes where level = 3");
    let outcome = house.sequence(house.ours).await;
    assert!(matches!(outcome, Err(NotaryError::Damaged(Damage::Node(_)))), "{outcome:?}");
    let size: i64 = file
        .query_row(
            "select max(size) from audit_checkpoints where stream = 'workspace'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(size, 8, "the last good checkpoint stands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_does_not_keep_the_neighbours_from_being_sequenced() {
    let (house, file) = unguarded().await;
    change(&file, "update audit_nodes set hash = zeroblob(32)");
    house.write(house.ours, 1).await;
    house.write(house.theirs, 1).await;
    house.worker().sweep().await;
    assert_eq!(house.verdict(house.theirs).await.word(), "VERIFIED");
}

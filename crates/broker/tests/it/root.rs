//! A new root key: everything moves to it or nothing does, and every slot opens it.

use broker::{Broker, RecordName, SlotKind, SlotOutcome};
use domain::Sealed;

use crate::house::{House, secret};

type Record = (RecordName, Sealed);

/// A house with records of both tenants and one person, stopped; the recovery code lies where
/// `rotate-root` finds it.
async fn house() -> (House, Vec<Record>) {
    let (mut house, broker) = House::running().await;
    let mut records = Vec::new();
    for tenant in [house.ann, house.bob] {
        let name = tenant.name();
        let sealed = broker.seal(tenant.realm(), vec![(name, secret("value"))]).await.unwrap();
        records.push((name, sealed[0].clone()));
    }
    drop(broker);
    house.kill();
    std::fs::write(house.path("config/code"), &house.recovery_code).unwrap();
    (house, records)
}

fn rotate(house: &House, step: &[&str]) -> Result<(String, String), String> {
    let output = house.host(&["rotate-root"], step);
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut lines = printed.lines().map(str::to_owned);
    Ok((lines.next().unwrap(), lines.next().unwrap()))
}

/// Root key, what hangs on it, and slots that are paired, direct, foreign.
fn census(house: &House) -> (String, String, String) {
    let output = house.host(&["census"], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut lines = printed.lines().map(str::to_owned);
    (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap())
}

async fn everything_opens(house: &House, broker: &Broker, records: &[Record]) {
    for (tenant, record) in [house.ann, house.bob].into_iter().zip(records) {
        let opened = broker.open(tenant.grant(), vec![record.clone()]).await.unwrap();
        assert_eq!(opened.values[0].expose(), b"value");
    }
    assert!(broker.confirm_recovery(secret(&house.recovery_code)).await.unwrap());
    for report in broker.test_slots().await.unwrap() {
        let outcome = match report.kind {
            SlotKind::Recovery => matches!(report.outcome, SlotOutcome::ConfirmedAt(_)),
            _ => report.outcome == SlotOutcome::Opens,
        };
        assert!(outcome, "{report:?}");
    }
}

#[tokio::test]
async fn a_new_root_key_opens_by_every_slot_and_opens_every_record() {
    let (mut house, records) = house().await;
    let (_, hanging, slots) = census(&house);
    assert_eq!(slots, "0 2 0");
    let broker = house.start().await;
    let (log_key, token_keys) =
        (broker.log_key().await.unwrap(), broker.token_keys().await.unwrap());
    drop(broker);
    house.kill();
    let (old, new) = rotate(&house, &[]).unwrap();
    assert_ne!(old, new);
    assert_eq!(census(&house), (new.clone(), hanging.clone(), "2 0 0".to_owned()));
    let broker = house.start().await;
    assert_eq!(broker.status().await.unwrap().root_key, new);
    everything_opens(&house, &broker, &records).await;
    // The instance's own keys are the same: nobody is signed out, and every log still verifies.
    assert_eq!(broker.log_key().await.unwrap(), log_key);
    assert_eq!(broker.token_keys().await.unwrap(), token_keys);
}

#[tokio::test]
async fn once_paired_no_secret_is_needed_again_and_no_slot_file_changes() {
    let (mut house, records) = house().await;
    rotate(&house, &[]).unwrap();
    std::fs::remove_file(house.path("config/code")).unwrap();
    let slots = || {
        ["key-file", "recovery"]
            .map(|slot| std::fs::read(house.path(&format!("config/{slot}.slot"))).unwrap())
    };
    let before = slots();
    let mut last = census(&house).0;
    for _ in 0..3 {
        let (old, new) = rotate(&house, &[]).unwrap();
        assert_eq!(old, last);
        last = new;
    }
    assert_eq!(slots(), before);
    let broker = house.start().await;
    everything_opens(&house, &broker, &records).await;
}

/// A code typed back once pairs its slot, so that a rotation needs nobody's secret later.
#[tokio::test]
async fn confirming_the_recovery_code_pairs_its_slot() {
    let (mut house, records) = house().await;
    std::fs::remove_file(house.path("config/code")).unwrap();
    let said = rotate(&house, &[]).unwrap_err();
    assert!(said.contains("recovery.slot") && said.contains("was not given"), "{said}");
    let broker = house.start().await;
    assert!(broker.confirm_recovery(secret(&house.recovery_code)).await.unwrap());
    drop(broker);
    house.kill();
    rotate(&house, &[]).unwrap();
    let broker = house.start().await;
    everything_opens(&house, &broker, &records).await;
}

/// While somebody on the host changes the slots, the broker leaves them alone: a code that was just
/// turned would come back with the slot of before.
#[tokio::test]
async fn a_code_typed_back_while_slots_are_changed_confirms_and_changes_no_slot() {
    let (mut house, _) = house().await;
    let path = house.path("config/recovery.slot");
    let before = std::fs::read(&path).unwrap();
    let mut options = std::fs::File::options();
    options.read(true).write(true).create(true).truncate(false);
    let lock = options.open(house.path("config/lock")).unwrap();
    lock.lock().unwrap();
    let broker = house.start().await;
    assert!(broker.confirm_recovery(secret(&house.recovery_code)).await.unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(lock);
    assert!(broker.confirm_recovery(secret(&house.recovery_code)).await.unwrap());
    assert_ne!(std::fs::read(&path).unwrap(), before, "it holds a pair's half now");
}

#[tokio::test]
async fn without_the_recovery_code_or_with_another_one_nothing_is_rotated() {
    let (mut house, records) = house().await;
    let before = census(&house).0;
    std::fs::remove_file(house.path("config/code")).unwrap();
    assert!(rotate(&house, &[]).is_err());
    let other = House::set_up();
    std::fs::write(house.path("config/code"), &other.recovery_code).unwrap();
    let said = rotate(&house, &[]).unwrap_err();
    assert!(said.contains("does not open"), "{said}");
    assert_eq!(census(&house).0, before);
    let broker = house.start().await;
    everything_opens(&house, &broker, &records).await;
}

#[tokio::test]
async fn a_slot_of_another_installation_stops_a_rotation() {
    let (house, _) = house().await;
    let other = House::set_up();
    std::fs::copy(other.path("config/key-file.slot"), house.path("config/spare.slot")).unwrap();
    let said = rotate(&house, &[]).unwrap_err();
    assert!(said.contains("spare.slot") && said.contains("does not lead"), "{said}");
}

/// keystone 1299: a rotation that is cut off must leave the old state or the new one, never a half.
#[tokio::test]
async fn rotation_interrupted_at_every_step_leaves_the_old_root_key_or_the_new_one() {
    let steps = [
        "PairKept:1",
        "SlotPaired:1",
        "PairKept:2",
        "SlotPaired:2",
        "RealmWrapped:1",
        "RealmWrapped:5",
        "Wrapped:1",
        "Committed:1",
        "Settled:1",
    ];
    for step in steps {
        let (mut house, records) = house().await;
        let before = census(&house);
        assert!(rotate(&house, &[step]).is_err(), "{step} did not come");
        let between = census(&house);
        let moved = between.0 != before.0;
        assert_eq!(moved, ["Committed:1", "Settled:1"].contains(&step), "{step}");
        assert_eq!(between.1, before.1, "{step}: something was lost");
        let broker = house.start().await;
        everything_opens(&house, &broker, &records).await;
        drop(broker);
        house.kill();
        let (old, new) = rotate(&house, &[]).unwrap();
        assert_eq!(old, between.0, "{step}");
        let broker = house.start().await;
        assert_eq!(broker.status().await.unwrap().root_key, new);
        everything_opens(&house, &broker, &records).await;
    }
}

#[tokio::test]
async fn a_running_broker_is_not_rotated_under() {
    let (mut house, _) = house().await;
    let _broker = house.start().await;
    let said = rotate(&house, &[]).unwrap_err();
    assert!(said.contains("another broker is running"), "{said}");
}

/// The old root key is of no use to whoever kept it: no bytes of the store of before are in the
/// store of now, and the pair of a slot does not open with it.
#[tokio::test]
async fn what_the_old_root_key_wrapped_is_gone_from_the_disk() {
    let (house, _) = house().await;
    let store = rusqlite::Connection::open(house.path("data/keys.db")).unwrap();
    let old: Vec<Vec<u8>> = store
        .prepare("SELECT wrapped FROM data_keys UNION ALL SELECT wrapped FROM instance_keys")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(store);
    assert_eq!(old.len(), 2 + 7);
    rotate(&house, &[]).unwrap();
    for (path, bytes) in crate::house::all_files(&house.path("data")) {
        for wrapped in &old {
            // Past the header, which names the same key.
            let part = &wrapped[30..62];
            assert!(!bytes.windows(part.len()).any(|seen| seen == part), "{}", path.display());
        }
    }
}

/// A key store as the first release made it.
fn take_back_to_format_1(house: &House) {
    let store = rusqlite::Connection::open(house.path("data/keys.db")).unwrap();
    store
        .execute_batch(
            "DROP TABLE shredded; DROP TABLE slot_pairs; DROP INDEX data_keys_by_realm;
             ALTER TABLE data_keys DROP COLUMN retiring_at_ms;
             ALTER TABLE data_keys DROP COLUMN destroyed_at_ms;
             ALTER TABLE identity DROP COLUMN root_since_ms;
             ALTER TABLE identity DROP COLUMN orders;
             PRAGMA user_version = 1;",
        )
        .unwrap();
}

#[tokio::test]
async fn a_key_store_of_the_first_format_is_copied_aside_and_brought_to_this_one() {
    let (mut house, records) = house().await;
    take_back_to_format_1(&house);
    let copy = house.path("data/keys.format-1");
    // What an earlier try left is made anew.
    std::fs::write(house.path("data/keys.format-1-unfinished"), b"half").unwrap();
    let broker = house.start().await;
    everything_opens(&house, &broker, &records).await;
    drop(broker);
    house.kill();
    let kept = rusqlite::Connection::open(&copy).unwrap();
    let format: i64 = kept.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let keys: i64 = kept.query_row("SELECT count(*) FROM data_keys", [], |row| row.get(0)).unwrap();
    assert_eq!((format, keys), (1, 2));
    drop(kept);
    // The copy is under the old root key: a rotation takes it away.
    rotate(&house, &[]).unwrap();
    assert!(!copy.exists());
    let broker = house.start().await;
    everything_opens(&house, &broker, &records).await;
}

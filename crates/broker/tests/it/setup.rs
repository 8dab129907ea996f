//! First keys, wrong keys, lost codes, and keys that must not be overwritten.

use broker::{SlotKind, SlotOutcome};
use domain::Entropy;
use seal::{RecoveryCode, SystemEntropy};

use crate::house::{House, secret};

fn setup_again(house: &House) -> (bool, String) {
    let output = house.host(&["setup"], &[&house.instance.to_string()]);
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

async fn root_key(house: &mut House) -> String {
    let id = house.start().await.status().await.unwrap().root_key;
    house.kill();
    id
}

fn snapshot(house: &House) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = crate::house::all_files(&house.path("config"));
    files.push((house.path("data/keys.db"), std::fs::read(house.path("data/keys.db")).unwrap()));
    files.sort();
    files
}

#[tokio::test]
async fn an_installation_that_has_keys_is_not_set_up_again() {
    let mut house = House::set_up();
    let id = root_key(&mut house).await;
    let before = snapshot(&house);
    let (done, said) = setup_again(&house);
    assert!(!done);
    assert!(said.contains("set up already") && said.contains(&id), "{said}");
    assert_eq!(snapshot(&house), before);
}

#[tokio::test]
async fn slots_without_their_key_store_are_never_overwritten() {
    let mut house = House::set_up();
    let id = root_key(&mut house).await;
    let before = crate::house::all_files(&house.path("config"));
    for name in ["keys.db", "keys.db-wal", "keys.db-shm"] {
        let _ = std::fs::remove_file(house.path("data").join(name));
    }
    let (done, said) = setup_again(&house);
    assert!(!done);
    assert!(said.contains(&id) && said.contains("restore the key store"), "{said}");
    assert_eq!(crate::house::all_files(&house.path("config")), before);
    let said = house.refused_start();
    assert!(said.contains("no key store"), "{said}");
}

#[tokio::test]
async fn a_file_in_the_place_of_a_key_file_is_not_touched() {
    let house = House::empty();
    std::fs::write(house.path("config/key"), b"something of the owner's").unwrap();
    let (done, said) = setup_again(&house);
    assert!(!done && said.contains("not overwritten"), "{said}");
    let kept = std::fs::read(house.path("config/key")).unwrap();
    assert_eq!(kept, b"something of the owner's");
    assert!(!house.path("data/keys.db").exists());
}

#[tokio::test]
async fn a_setup_that_was_interrupted_starts_anew_and_leaves_nothing_behind() {
    let mut house = House::set_up();
    let first = root_key(&mut house).await;
    // The state just before the last step: everything is there but the key store's final name.
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(house.path(&format!("data/keys.db{suffix}")));
    }
    std::fs::rename(house.path("data/keys.db"), house.path("data/keys.unfinished")).unwrap();
    let (done, said) = setup_again(&house);
    assert!(done, "{said}");
    assert!(!house.path("data/keys.unfinished").exists());
    assert_ne!(root_key(&mut house).await, first);
}

#[tokio::test]
async fn a_setup_interrupted_after_only_some_files_starts_anew_too() {
    for missing in [&["key-file.slot", "recovery.slot", "key"][..], &["recovery.slot"]] {
        let mut house = House::set_up();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(house.path(&format!("data/keys.db{suffix}")));
        }
        std::fs::rename(house.path("data/keys.db"), house.path("data/keys.unfinished")).unwrap();
        for name in missing {
            std::fs::remove_file(house.path("config").join(name)).unwrap();
        }
        let (done, said) = setup_again(&house);
        assert!(done, "{said}");
        assert!(house.start().await.status().await.is_ok());
    }
}

#[tokio::test]
async fn the_wrong_key_is_refused_with_the_id_of_the_right_one() {
    let (mut house, other) = (House::set_up(), House::set_up());
    let id = root_key(&mut house).await;
    let key = std::fs::read(house.path("config/key")).unwrap();
    std::fs::copy(other.path("config/key"), house.path("config/key")).unwrap();
    let said = house.refused_start();
    assert!(said.contains(&id) && said.contains("does not open"), "{said}");

    std::fs::remove_file(house.path("config/key")).unwrap();
    let said = house.refused_start();
    assert!(said.contains(&id) && said.contains("not where the configuration says"), "{said}");

    for garbage in [&b""[..], b"casemate-key-1 zz\n", &[0xff; 300], &key[..key.len() - 1]] {
        std::fs::write(house.path("config/key"), garbage).unwrap();
        assert!(house.refused_start().contains(&id));
    }
    std::fs::write(house.path("config/key"), key).unwrap();
    assert!(house.start().await.status().await.is_ok());
}

#[tokio::test]
async fn slots_of_another_installation_do_not_fit_even_with_their_own_key() {
    let (mut house, other) = (House::set_up(), House::set_up());
    let id = root_key(&mut house).await;
    for name in ["key", "key-file.slot"] {
        std::fs::copy(other.path("config").join(name), house.path("config").join(name)).unwrap();
    }
    let said = house.refused_start();
    assert!(said.contains(&id), "{said}");
}

#[tokio::test]
async fn a_key_store_of_a_newer_release_or_of_no_release_is_refused() {
    let house = House::set_up();
    let path = house.path("data/keys.db");
    let set = |pragma: &str, number: i64| {
        let store = rusqlite::Connection::open(&path).unwrap();
        store.pragma_update(None, pragma, number).unwrap();
    };
    set("user_version", 3);
    assert!(house.refused_start().contains("newer release"));
    set("user_version", 0);
    assert!(house.refused_start().contains("not a key store"));
    set("user_version", 2);
    set("application_id", 7);
    assert!(house.refused_start().contains("not a key store"));
    std::fs::write(&path, b"half a file").unwrap();
    assert!(house.refused_start().contains("damaged"));
}

#[tokio::test]
async fn recovery_counts_as_confirmed_only_after_the_code_really_unwrapped_the_key() {
    let mut house = House::set_up();
    let broker = house.start().await;
    let recovery = |broker: broker::Broker| async move {
        let slots = broker.test_slots().await.unwrap();
        let status = broker.status().await.unwrap().recovery_confirmed;
        (slots.last().unwrap().outcome, slots[0].clone(), status)
    };
    let (outcome, key_file, confirmed) = recovery(broker.clone()).await;
    assert_eq!((outcome, confirmed), (SlotOutcome::NeverConfirmed, false));
    assert_eq!((key_file.kind, key_file.outcome), (SlotKind::KeyFile, SlotOutcome::Opens));

    let another = RecoveryCode::random(&SystemEntropy).text();
    assert_eq!(broker.confirm_recovery(another).await, Ok(false));
    assert_eq!(broker.confirm_recovery(secret("0000-0000")).await, Ok(false));
    assert_eq!(broker.confirm_recovery(secret("")).await, Ok(false));
    assert!(!recovery(broker.clone()).await.2);

    let typed = house.recovery_code.to_lowercase().replace('-', " ");
    assert_eq!(broker.confirm_recovery(secret(&typed)).await, Ok(true));
    house.kill();
    let broker = house.start().await;
    let (outcome, _, confirmed) = recovery(broker).await;
    assert!(matches!(outcome, SlotOutcome::ConfirmedAt(_)) && confirmed);
}

#[tokio::test]
async fn slots_that_went_missing_or_were_changed_show_when_tested() {
    let mut house = House::set_up();
    let broker = house.start().await;
    let outcomes = || async {
        let slots = broker.test_slots().await.unwrap();
        slots.iter().map(|slot| slot.outcome).collect::<Vec<_>>()
    };
    let (key, recovery) = (house.path("config/key"), house.path("config/recovery.slot"));
    let kept = (std::fs::read(&key).unwrap(), std::fs::read(&recovery).unwrap());
    std::fs::remove_file(&key).unwrap();
    std::fs::remove_file(&recovery).unwrap();
    assert_eq!(outcomes().await, [SlotOutcome::KeyMissing, SlotOutcome::Unreadable]);
    let mut other_key = [0u8; 32];
    SystemEntropy.fill(&mut other_key);
    let other_key = data_encoding::HEXLOWER.encode(&other_key);
    std::fs::write(&key, format!("casemate-key-1 {other_key}\n")).unwrap();
    let other = House::set_up();
    std::fs::copy(other.path("config/recovery.slot"), &recovery).unwrap();
    assert_eq!(outcomes().await, [SlotOutcome::Fails, SlotOutcome::Fails]);
    std::fs::write(&key, kept.0).unwrap();
    std::fs::write(&recovery, kept.1).unwrap();
    assert_eq!(outcomes().await, [SlotOutcome::Opens, SlotOutcome::NeverConfirmed]);
}

#[tokio::test]
async fn a_renewed_recovery_code_replaces_the_old_one_and_waits_to_be_confirmed() {
    let mut house = House::set_up();
    let broker = house.start().await;
    assert_eq!(broker.confirm_recovery(secret(&house.recovery_code)).await, Ok(true));
    let refused = house.host(&["renew"], &[]);
    assert!(!refused.status.success(), "renewed while the broker runs");
    house.kill();

    let renewed = house.host(&["renew"], &[]);
    assert!(renewed.status.success(), "{renewed:?}");
    let code = String::from_utf8(renewed.stdout).unwrap();
    let broker = house.start().await;
    assert!(!broker.status().await.unwrap().recovery_confirmed);
    assert_eq!(broker.confirm_recovery(secret(&house.recovery_code)).await, Ok(false));
    assert_eq!(broker.confirm_recovery(secret(&code)).await, Ok(true));
}

#[tokio::test]
async fn a_passphrase_opens_the_start_and_a_short_one_is_refused() {
    let mut house = House::empty();
    let instance = house.instance.to_string();
    let short = house.host(&["setup"], &[&instance, "elevenchars"]);
    assert!(!short.status.success() && !house.path("data/keys.db").exists());
    let made = house.host(&["setup"], &[&instance, "a longer passphrase"]);
    assert!(made.status.success(), "{made:?}");
    assert!(house.refused_start().contains("key file"));
    std::fs::write(house.path("config/passphrase"), b"a longer passphrasf").unwrap();
    assert!(house.refused_start().contains("passphrase: it does not open"));
    std::fs::write(house.path("config/passphrase"), b"a longer passphrase").unwrap();
    assert!(house.start().await.status().await.is_ok());
}

#[tokio::test]
async fn a_setup_killed_at_any_moment_can_be_done_again() {
    let seed = crate::house::random();
    println!("seed {seed}");
    for kill in 0..16 {
        let mut house = House::empty();
        let mut setup = house.host_command(&["setup"], &[&house.instance.to_string()]);
        let mut setup = setup.stdout(std::process::Stdio::null()).spawn().unwrap();
        let wait = u64::from(seed.as_bytes()[kill]) * 300;
        std::thread::sleep(std::time::Duration::from_micros(wait));
        setup.kill().unwrap();
        setup.wait().unwrap();
        let done = house.path("data/keys.db").exists();
        let (again, said) = setup_again(&house);
        assert_eq!(again, !done, "killed after {wait} us: {said}");
        assert!(house.start().await.status().await.is_ok());
    }
}

#[tokio::test]
async fn a_setup_that_finds_no_room_can_be_done_again() {
    // In blocks of 512 bytes: too little for the key store, then for all of it but some pages.
    for blocks in [0, 1, 8, 64, 100] {
        let house = House::empty();
        let mut setup = std::process::Command::new("sh");
        setup.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
        setup.arg(House::host_binary()).arg("setup").arg(house.path(""));
        let output = setup.arg(house.instance.to_string()).output().unwrap();
        let finished = house.path("data/keys.db").exists();
        assert_eq!(output.status.success(), finished);
        assert!(finished || !output.stderr.is_empty(), "{blocks} blocks: no reason given");
        let (again, said) = setup_again(&house);
        assert_eq!(again, !finished, "{blocks} blocks: {said}");
    }
}

//! A disk that is full: nothing is opened without its entry, and nothing is lost.

use std::process::Command;

use broker::{Broker, BrokerError};
use domain::Sealed;

use crate::house::{House, our_uid, secret};

const RECORDS: usize = 200;

/// An environment of many records of one tenant: each opening writes a large entry.
async fn many_records(house: &House, broker: &Broker) -> Vec<(broker::RecordName, Sealed)> {
    let names: Vec<_> = (0..RECORDS).map(|_| house.ann.name()).collect();
    let records = names.iter().map(|name| (*name, secret("value"))).collect();
    let sealed = broker.seal(house.ann.realm(), records).await.unwrap();
    names.into_iter().zip(sealed).collect()
}

/// Opens until the journal cannot grow; returns how often it worked.
async fn open_until_full(
    house: &House,
    broker: &Broker,
    records: &[(broker::RecordName, Sealed)],
) -> u64 {
    for opened in 0..10_000 {
        match broker.open(house.ann.grant(), records.to_vec()).await {
            Ok(opened_now) => assert_eq!(opened_now.values.len(), RECORDS),
            Err(error) => {
                assert_eq!(error, BrokerError::Storage);
                return opened;
            }
        }
    }
    panic!("the disk never filled up")
}

async fn refuses_from_now_on(
    house: &House,
    broker: &Broker,
    records: &[(broker::RecordName, Sealed)],
) {
    let before = broker.status().await.unwrap().journal_seq;
    for _ in 0..20 {
        let refused = broker.open(house.ann.grant(), records.to_vec()).await.err();
        assert_eq!(refused, Some(BrokerError::Storage));
    }
    assert_eq!(broker.status().await.unwrap().journal_seq, before);
    let seed = broker.new_totp(house.user, "ann@example.org").await;
    if let Ok((sealed, _)) = seed {
        // A small entry may still find room on a disk that is full for large ones.
        let code = broker::TotpCode::parse("000000").unwrap();
        let checked = broker.check_totp(house.user, sealed, code, None).await;
        let head = broker.status().await.unwrap().journal_seq;
        assert_eq!(checked.is_ok(), head > before, "unwrapped without an entry");
    }
}

#[tokio::test]
async fn when_the_disk_is_full_nothing_is_unwrapped() {
    let (mut house, broker) = House::running().await;
    let records = many_records(&house, &broker).await;
    drop(broker);
    house.kill();
    // A real file system of 64 KiB under the journal, in a mount namespace of the broker's own.
    let mut command = Command::new("unshare");
    if our_uid() != 0 {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-c"]);
    command.arg("mount -t tmpfs -o size=64k small \"$1\" && exec \"$0\" run \"$2\" \"$3\"");
    command.arg(House::host_binary()).arg(house.path("data/journal")).arg(house.path(""));
    command.arg(format!("0,{}", our_uid()));
    house.spawn_command(&mut command);
    let broker = house.connect().await;
    let opened = open_until_full(&house, &broker, &records).await;
    assert!((1..20).contains(&opened), "{opened} openings of about 10 kB in 64 KiB");
    refuses_from_now_on(&house, &broker, &records).await;
}

/// The key store on a full disk: no realm, no new data key, no confirmation, and nothing half done.
#[tokio::test]
async fn when_the_key_store_is_full_nothing_new_is_promised_and_what_was_sealed_still_opens() {
    let (mut house, broker) = House::running().await;
    let name = house.ann.name();
    let sealed = broker.seal(house.ann.realm(), vec![(name, secret("kept"))]).await.unwrap();
    let sealed = sealed.into_iter().next().unwrap();
    drop(broker);
    house.kill();
    let mut command = Command::new("unshare");
    if our_uid() != 0 {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-c"]);
    // The same key store on a small file system that is then filled up to the last byte.
    command.arg(
        "cp -a \"$1\" \"$1.copy\" && mount -t tmpfs -o size=1m small \"$1\" && \
         cp -a \"$1.copy/.\" \"$1\" && { cat /dev/zero > \"$1/fill\" 2>/dev/null; true; } && \
         exec \"$0\" run \"$2\" \"$3\"",
    );
    command.arg(House::host_binary()).arg(house.path("data")).arg(house.path(""));
    command.arg(format!("0,{}", our_uid()));
    house.spawn_command(&mut command);
    let broker = house.connect().await;
    let full = Some(BrokerError::Storage);
    let stranger = broker::Realm::Tenant(crate::house::id());
    assert_eq!(broker.create_realm(stranger).await.err(), full);
    let records = vec![(house.bob.name(), secret("lost"))];
    assert_eq!(broker.seal(house.bob.realm(), records).await.err(), full);
    let code = secret(&house.recovery_code);
    assert_eq!(broker.confirm_recovery(code).await.err(), full);
    let opened = broker.open(house.ann.grant(), vec![(name, sealed.clone())]).await;
    assert_eq!(opened.err(), full, "unwrapped without room for an entry");
    assert!(!broker.status().await.unwrap().recovery_confirmed);
    house.kill();

    let broker = house.start().await;
    let opened = broker.open(house.ann.grant(), vec![(name, sealed)]).await.unwrap();
    assert_eq!(opened.values[0].expose_text(), Some("kept"));
}

#[tokio::test]
async fn after_the_disk_has_room_again_every_opening_is_there_and_the_journal_goes_on() {
    let (mut house, broker) = House::running().await;
    let records = many_records(&house, &broker).await;
    drop(broker);
    house.kill();
    // No file of this process may grow above 256 KiB; the signal for it is ignored, so writes fail.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" run \"$1\" \"$2\""]);
    command.arg(House::host_binary()).arg(house.path("")).arg(our_uid().to_string());
    house.spawn_command(&mut command);
    let broker = house.connect().await;
    let opened = open_until_full(&house, &broker, &records).await;
    refuses_from_now_on(&house, &broker, &records).await;
    let before = broker.status().await.unwrap().journal_seq;
    drop(broker);
    house.kill();

    let broker = house.start().await;
    assert!(before >= opened);
    assert_eq!(broker.status().await.unwrap().journal_seq, before);
    let opened = broker.open(house.ann.grant(), records).await.unwrap();
    assert_eq!(opened.journal_seq, before + 1);
}

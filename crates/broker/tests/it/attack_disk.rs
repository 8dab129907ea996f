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

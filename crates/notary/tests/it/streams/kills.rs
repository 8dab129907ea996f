//! kill -9 of the sender at random instants, against a receiver that remembers everything.

use std::process::{Command, Stdio};
use std::time::Duration;

use domain::streams::StreamTarget;
use notary::streams::find;

use super::receiver::Receiver;
use super::{caught_up, later, made, sender};
use crate::ground::on_each_engine;
use crate::house::{House, host};

on_each_engine! {
    a_sender_killed_at_any_instant_leaves_no_gap_and_repeats_only_the_same_indices
}

const KILLS: u64 = 8;

async fn a_sender_killed_at_any_instant_leaves_no_gap_and_repeats_only_the_same_indices(
    house: House,
) {
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let target = StreamTarget::Webhook { url: receiver.url() };
    let id = made(&house, &scope, target, None).await.stream.id;
    house.write(house.ours, 900).await;
    let size = house.sequence(house.ours).await.unwrap();
    for kill in 0..KILLS {
        let before = receiver.got().len();
        let mut child = Command::new(host())
            .arg("stream")
            .arg(house.folder())
            .args(house.ground.words(house.folder()))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        // It dies while it is sending: after its first message came, a moment later.
        for _ in 0..4_000 {
            if receiver.got().len() > before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_micros(kill * 1_700 % 9_000)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        // The next life begins after the lease of this one.
        later(&house, domain::limits::STREAM_LEASE_MS + 1_000).await;
        assert!(receiver.got().len() > before, "a life in which nothing was sent proves nothing");
        if find(&house.store, &scope, id).await.unwrap().next_index >= size {
            break;
        }
    }
    caught_up(&sender(&house), &house, id, size).await;
    let mut next = 0;
    for got in receiver.got() {
        let indices = got.indices();
        let (first, last) = (indices[0], *indices.last().unwrap());
        assert!(first <= next, "a gap before {first}: only {next} came");
        assert_eq!(indices, (first..=last).collect::<Vec<_>>());
        next = next.max(last + 1);
    }
    assert_eq!(next, size);
    // What came twice is the same, byte for byte but for the moment of the try.
    let mut seen: std::collections::BTreeMap<String, serde_json::Value> = Default::default();
    for got in receiver.got() {
        let data = got.json()["data"]["records"].clone();
        let known = seen.entry(got.header("webhook-id").to_owned()).or_insert_with(|| data.clone());
        assert_eq!(*known, data);
    }
}

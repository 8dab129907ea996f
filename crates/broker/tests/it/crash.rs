//! Killed at any moment: what was answered is in the journal, and the journal goes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::RequestId;

use crate::house::{House, random, secret};

const KILLS: usize = 12;
const CALLERS: usize = 8;

/// Opens records from several callers until the broker dies under them; keeps every answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_opening_that_was_answered_is_in_the_journal_after_a_kill() {
    let seed = random();
    println!("seed {seed}");
    let (mut house, broker) = House::running().await;
    let tenants = [house.ann, house.bob];
    let mut records = Vec::new();
    for tenant in tenants {
        let name = tenant.name();
        let sealed = broker.seal(tenant.realm(), vec![(name, secret("value"))]).await.unwrap();
        records.push((tenant, name, sealed[0].clone()));
    }
    drop(broker);
    house.kill();

    let answered = Arc::new(Mutex::new(BTreeMap::<u64, RequestId>::new()));
    for kill in 0..KILLS {
        let broker = house.start().await;
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            let (tenant, name, sealed) = records[caller % 2].clone();
            let (broker, answered) = (broker.clone(), Arc::clone(&answered));
            callers.spawn(async move {
                loop {
                    let grant = tenant.grant();
                    let request = grant.request;
                    let Ok(opened) = broker.open(grant, vec![(name, sealed.clone())]).await else {
                        break;
                    };
                    let before = answered.lock().unwrap().insert(opened.journal_seq, request);
                    assert!(before.is_none(), "one number for two openings");
                }
            });
        }
        let wait = u64::from(seed.as_bytes()[kill % 16]) / 4 + 5;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        house.kill();
        callers.join_all().await;
    }

    let broker = house.start().await;
    let mut journalled = BTreeMap::new();
    let mut last = 0;
    loop {
        let entries = broker.journal_after(last, 1_000).await.unwrap();
        let Some(newest) = entries.last() else { break };
        last = newest.seq;
        journalled.extend(entries.iter().map(|entry| (entry.seq, entry.request.unwrap())));
    }
    let answered = answered.lock().unwrap();
    println!("{} openings answered, {} journalled", answered.len(), journalled.len());
    assert!(answered.len() > KILLS, "too few openings to prove anything");
    assert_eq!(journalled.len(), usize::try_from(last).unwrap(), "the numbers are not dense");
    for (seq, request) in answered.iter() {
        assert_eq!(journalled.get(seq), Some(request), "opening {seq} was answered and is lost");
    }
}

#[tokio::test]
async fn the_copied_position_survives_a_kill() {
    let (mut house, broker) = House::running().await;
    let name = house.ann.name();
    let sealed = broker.seal(house.ann.realm(), vec![(name, secret("v"))]).await.unwrap().remove(0);
    for _ in 0..3 {
        broker.open(house.ann.grant(), vec![(name, sealed.clone())]).await.unwrap();
    }
    broker.journal_copied(2).await.unwrap();
    let ahead = broker.journal_copied(4).await.err();
    assert!(ahead.is_some(), "a position ahead of the journal was believed");
    house.kill();
    let broker = house.start().await;
    let status = broker.status().await.unwrap();
    assert_eq!((status.journal_seq, status.journal_lag), (3, 1));
    let left = broker.journal_after(2, 10).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3]);
}

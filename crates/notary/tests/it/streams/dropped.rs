//! A stream of a log whose beginning is dropped while it waits.

use domain::streams::StreamFormat;
use ledger::Stream as Log;
use notary::Retained;
use notary::streams::{Begin, WantedStream, create, find};

use super::receiver::{Act, Receiver};
use super::{later, now, sender, settled, webhook};
use crate::ground::on_each_engine;
use crate::house::House;
use crate::retention::{retained, sequenced, written};

on_each_engine! {
    a_batch_that_was_dropped_meanwhile_is_begun_anew_at_the_logs_boundary
}

async fn a_batch_that_was_dropped_meanwhile_is_begun_anew_at_the_logs_boundary(house: House) {
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let wanted = WantedStream {
        name: "siem".parse().unwrap(),
        log: Log::Security,
        format: StreamFormat::Native,
        target: webhook(&receiver),
        token: None,
        from: Begin::Index(0),
    };
    let made = create((&house.store, &house.broker), &scope, now(), wanted).await.unwrap();
    let id = made.value.stream.id;
    written(&house, house.ours, 91 * 24 * 3_600 * 1_000, 5).await;
    sequenced(&house, house.ours).await;
    let sender = sender(&house);
    receiver.next([Act::Say(500, "")]);
    assert_eq!(sender.round().await.unwrap().failed, 1);
    let dropped = retained(&house, house.ours).await;
    assert_eq!(dropped, Retained::Dropped { first_index: 5, entries: 5 });
    written(&house, house.ours, 0, 1).await;
    let size = sequenced(&house, house.ours).await.size;
    later(&house, domain::limits::STREAM_RETRY_MS_MAX + 1_000).await;
    settled(&sender).await;
    // The receiver sees where the gap ends; the first entry behind it is about the boundary.
    assert_eq!(receiver.taken(), (5..size).collect::<Vec<_>>());
    let stream = find(&house.store, &scope, id).await.unwrap();
    assert_eq!((stream.trouble, stream.next_index), (None, size));
}

//! What `serve` does besides answering: copying the broker's journal, sequencing the logs, claiming
//! jobs, reading revocations, sweeping what ended, rotating sealing keys, sending messages, sending
//! logs to receivers.
//!
//! Always true: a worker ends when the server drains, and the server waits for it.

use std::time::Duration;

use broker::BrokerError;
use notary::{KeptDays, Worker, retain_all};
use outbound::mail::Mailer;
use store::{Caller, Unit};
use tokio_util::task::TaskTracker;
use vault::sealing::{Look, SealingError, look_after};

use crate::house::House;
use crate::listen::Stop;

/// Rows past their end are swept this often.
const SWEEP_EVERY_MS: u64 = 60_000;
/// Wishes for new sealing keys are looked for this often.
const ROTATE_EVERY_MS: u64 = 15_000;
/// The ages of sealing keys are looked at in one of this many rounds: once an hour.
const AGES_EVERY: u64 = 240;
/// The outbox is looked into this often.
const POST_EVERY_MS: u64 = 2_000;

/// What every process does: it must know what was revoked.
pub(crate) fn start_watching(house: &House, tasks: &TaskTracker, stop: &Stop) {
    let (house, stop) = (house.clone(), stop.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = house.identity().watch_revocations() => {}
            () = stop.draining() => {}
        }
    });
}

/// What a process with the worker's role does.
pub(crate) fn start_working(house: &House, tasks: &TaskTracker, stop: &Stop) {
    let worker =
        Worker::new(house.store().clone(), house.broker().clone(), house.touched().clone());
    let stopped = stop.clone();
    tasks.spawn(worker.run(async move { stopped.draining().await }));
    start_rotating(house, tasks, stop);
    let (sender, stopped) = (house.sender().clone(), stop.clone());
    tasks.spawn(sender.run(async move { stopped.draining().await }));
    let (house, stop) = (house.clone(), stop.clone());
    tasks.spawn(async move {
        settle(&house).await;
        tokio::select! {
            () = sweep(&house) => {}
            () = stop.draining() => {}
        }
    });
}

/// Rotates the sealing keys of workspaces that want it or whose keys are due. Every round asks who
/// wants it; every [`AGES_EVERY`]th one looks at the keys' ages as well.
pub(crate) fn start_rotating(house: &House, tasks: &TaskTracker, stop: &Stop) {
    let (house, stop) = (house.clone(), stop.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = rotation_rounds(&house) => {}
            () = stop.draining() => {}
        }
    });
}

async fn rotation_rounds(house: &House) {
    let mut ticks = tokio::time::interval(Duration::from_millis(ROTATE_EVERY_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in 0_u64.. {
        ticks.tick().await;
        let now = house.store().mint().now();
        let look = if round % AGES_EVERY == 0 { Look::Ages(now) } else { Look::Wanted };
        match house.store().units().await {
            Ok(units) => rotate_units(house, units, look).await,
            Err(error) => tracing::warn!(%error, "workspaces could not be listed for rotation"),
        }
    }
}

/// Drops from security logs what is past its time.
pub(crate) fn start_retaining(house: &House, kept: KeptDays, tasks: &TaskTracker, stop: &Stop) {
    let (house, stop) = (house.clone(), stop.clone());
    tasks.spawn(async move {
        let stopped = async move { stop.draining().await };
        retain_all(house.store().clone(), house.broker().clone(), kept, stopped).await;
    });
}

/// A workspace that fails is passed over; its wish stands, and the next round tries again.
async fn rotate_units(house: &House, units: Vec<Unit>, look: Look) {
    for unit in units {
        let Unit::Tenant(tenant) = unit else { continue };
        let caller = Caller::system("rotation", house.store().mint().id());
        match look_after(house.store(), house.broker(), &caller, tenant, look).await {
            Ok(None) => {}
            Ok(Some(done)) => {
                tracing::info!(%tenant, keys = done.keys, records = done.records, "keys rotated");
            }
            // A workspace without keys has nothing to rotate: never sealed, or shredded.
            Err(SealingError::Broker(BrokerError::Refused(_))) => {}
            Err(error) => tracing::warn!(%tenant, %error, "keys could not be rotated"),
        }
    }
}

/// The way of messages out of the house.
pub(crate) struct Post {
    /// The mail server, where one is set.
    pub(crate) mailer: Option<Mailer>,
    /// The address that people use.
    pub(crate) url: String,
}

/// Sends the messages that are due. Without a mail server they wait, and metrics and log say so.
pub(crate) fn start_post(house: &House, post: Post, tasks: &TaskTracker, stop: &Stop) {
    let (house, stop) = (house.clone(), stop.clone());
    if post.mailer.is_none() {
        tracing::warn!("no mail server is set ([mail]): messages to people wait in the outbox");
    }
    tasks.spawn(async move {
        tokio::select! {
            () = post_rounds(&house, &post) => {}
            () = stop.draining() => {}
        }
    });
}

async fn post_rounds(house: &House, post: &Post) {
    let mut ticks = tokio::time::interval(Duration::from_millis(POST_EVERY_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mailer = post.mailer.as_ref();
        match identity::notices::send_due(house.identity(), mailer, &post.url).await {
            Ok(round) => house.metrics().posted(round),
            Err(error) => tracing::warn!(%error, "messages could not be looked after"),
        }
    }
}

/// What was cut off between two units is finished or undone, once at start.
async fn settle(house: &House) {
    if let Err(error) = house.store().reconcile().await {
        tracing::warn!(%error, "what was cut off between units could not be settled");
    }
}

async fn sweep(house: &House) {
    let mut ticks = tokio::time::interval(Duration::from_millis(SWEEP_EVERY_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = identity::sweep(house.store()).await {
            tracing::warn!(%error, "what ended could not be swept");
        }
    }
}

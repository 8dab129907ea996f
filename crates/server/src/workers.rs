//! What `serve` does besides answering: copying the broker's journal, sequencing the logs, claiming
//! jobs, reading revocations, sweeping what ended.
//!
//! Always true: a worker ends when the server drains, and the server waits for it.

use std::time::Duration;

use notary::Worker;
use tokio_util::task::TaskTracker;

use crate::house::House;
use crate::listen::Stop;

/// Rows past their end are swept this often.
const SWEEP_EVERY_MS: u64 = 60_000;

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
    let (house, stop) = (house.clone(), stop.clone());
    tasks.spawn(async move {
        settle(&house).await;
        tokio::select! {
            () = sweep(&house) => {}
            () = stop.draining() => {}
        }
    });
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

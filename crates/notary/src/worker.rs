//! The worker that keeps every log up to date: sequences it, and copies into it what belongs there.
//!
//! Always true
//! 1. Any number of workers may run at once; they hinder each other and harm nothing.
//! 2. A log that another process wrote to, or that a lost hint concerns, is found by the sweep over
//!    all units. The sweep takes at most a tenth of the worker's time, however many units there
//!    are.
//! 3. A unit that fails is reported once and passed over; the others go on.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use broker::Broker;
use domain::limits::SEQUENCE_POLL_MS;
use ledger::Stream;
use store::{Store, Unit};
use tokio::time::Instant;

use crate::{NotaryError, copy_journal, project, sequence};

/// Shortest time between two sweeps over all units.
const SWEEP_MS_MIN: u64 = 1_000;
/// A sweep may take one part in this many of the worker's time.
const SWEEP_SHARE: u32 = 10;
/// Batches of one log in one turn, so that a busy log does not keep the others waiting.
const BATCHES_PER_TURN: usize = 8;

const _: () = assert!(SEQUENCE_POLL_MS < SWEEP_MS_MIN);

/// Units whose logs have work, as far as this process knows. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    units: Arc<Mutex<BTreeSet<Unit>>>,
}

impl Touched {
    /// Notes that a unit has entries that wait.
    pub fn add(&self, unit: Unit) {
        self.units.lock().unwrap_or_else(PoisonError::into_inner).insert(unit);
    }

    fn take(&self) -> BTreeSet<Unit> {
        std::mem::take(&mut *self.units.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Copies the broker's journal and sequences every unit's logs.
pub struct Worker {
    store: Store,
    broker: Broker,
    touched: Touched,
    /// What failed when it was last tried.
    failing: Mutex<BTreeSet<Task>>,
}

/// What a worker does again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    ListUnits,
    CopyJournal,
    ProjectAccounts,
    Sequence(Unit, Stream),
}

impl Worker {
    /// A worker for all units of this store.
    #[must_use]
    pub const fn new(store: Store, broker: Broker, touched: Touched) -> Self {
        Self { store, broker, touched, failing: Mutex::new(BTreeSet::new()) }
    }

    /// Works until `stop` is ready, and once more after it, so that a clean stop leaves nothing
    /// waiting. Failures are logged; the next turn tries again.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut turns = tokio::time::interval(Duration::from_millis(SEQUENCE_POLL_MS));
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut next_sweep = Instant::now();
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = turns.tick() => {}
            }
            if Instant::now() >= next_sweep {
                let begun = Instant::now();
                self.sweep().await;
                let pause =
                    (begun.elapsed() * SWEEP_SHARE).max(Duration::from_millis(SWEEP_MS_MIN));
                next_sweep = Instant::now() + pause;
            } else {
                self.turn().await;
            }
        }
        self.sweep().await;
    }

    /// Copies the journal and goes over every unit. For tests and for a caller that cannot wait.
    pub async fn sweep(&self) {
        let units = self.store.units().await.map_err(NotaryError::from);
        if let Some(units) = self.noted(Task::ListUnits, units) {
            units.into_iter().for_each(|unit| self.touched.add(unit));
        }
        self.turn().await;
    }

    /// Copies the journal and goes over the units that were touched.
    async fn turn(&self) {
        self.copy_openings().await;
        self.copy_account_events().await;
        for unit in self.touched.take() {
            for stream in Stream::ALL {
                let done = self.catch_up(unit, stream).await;
                self.noted(Task::Sequence(unit, stream), done);
            }
        }
    }

    async fn copy_openings(&self) {
        loop {
            let copied = copy_journal(&self.store, &self.broker).await;
            let Some(copied) = self.noted(Task::CopyJournal, copied) else { return };
            copied.units.into_iter().for_each(|unit| self.touched.add(unit));
            if !copied.more {
                return;
            }
        }
    }

    async fn copy_account_events(&self) {
        loop {
            let projected = match project(&self.store).await {
                // Somebody else is at it, and will do the rest as well.
                Err(NotaryError::Raced) => return,
                projected => projected,
            };
            let Some(projected) = self.noted(Task::ProjectAccounts, projected) else { return };
            projected.units.into_iter().for_each(|unit| self.touched.add(unit));
            if !projected.more {
                return;
            }
        }
    }

    /// Reports a task that begins to fail or works again, once each, whatever the pace of the
    /// turns.
    fn noted<T>(&self, task: Task, outcome: Result<T, NotaryError>) -> Option<T> {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(done) => {
                if failing.remove(&task) {
                    tracing::info!(?task, "works again");
                }
                Some(done)
            }
            Err(error) => {
                if failing.insert(task) {
                    tracing::warn!(?task, %error, "failed, and is tried again");
                }
                None
            }
        }
    }

    async fn catch_up(&self, unit: Unit, stream: Stream) -> Result<(), NotaryError> {
        for _ in 0..BATCHES_PER_TURN {
            match sequence(&self.store, &self.broker, unit, stream).await {
                Ok(done) if done.more => {}
                Ok(_) => return Ok(()),
                // Somebody else is at it, and will do the rest as well.
                Err(NotaryError::Raced) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.touched.add(unit);
        Ok(())
    }
}

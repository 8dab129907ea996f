//! The one thread that appends: it takes whatever waits, writes it as one batch, syncs once, then
//! answers all.

use std::sync::{Arc, atomic::Ordering, mpsc};

use domain::Clock;

use super::batch::{Builder, ENTRIES_PER_BATCH_MAX};
use super::file::JournalFile;
use super::{Opening, Shared};
use crate::error::BrokerError;
use crate::instance_keys::InstanceKeys;

/// Openings that may wait for the writer; more callers than that wait to be let in.
pub(super) const WAITING_MAX: usize = 1024;

/// One opening and where its answer goes.
pub(super) struct Job {
    pub(super) opening: Opening,
    pub(super) answer: mpsc::SyncSender<Result<u64, BrokerError>>,
}

pub(super) struct Writer {
    file: JournalFile,
    keys: Arc<InstanceKeys>,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    copied_bytes_max: u64,
}

impl Writer {
    pub(super) fn new(
        file: JournalFile,
        keys: Arc<InstanceKeys>,
        clock: Arc<dyn Clock>,
        shared: Arc<Shared>,
        copied_bytes_max: u64,
    ) -> Self {
        Self { file, keys, clock, shared, copied_bytes_max }
    }

    /// Writes until every sender is gone.
    pub(super) fn run(mut self, queue: &mpsc::Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut jobs = vec![first];
            while jobs.len() < ENTRIES_PER_BATCH_MAX
                && let Ok(job) = queue.try_recv()
            {
                jobs.push(job);
            }
            self.write(jobs);
            self.shorten();
        }
    }

    /// After the answers were given, so that nobody waits for it. When it fails the journal goes on
    /// as it was, or refuses from now on; it tries again after the next batch.
    fn shorten(&mut self) {
        if let Err(error) = self.file.shorten(&mut self.shared.index(), self.copied_bytes_max) {
            tracing::warn!(%error, "the journal could not move on to a new file");
        }
    }

    fn write(&mut self, jobs: Vec<Job>) {
        let room = usize::try_from(self.shared.room()).unwrap_or(usize::MAX);
        let mut builder = Builder::new(self.file.head() + 1, self.file.hash());
        let now = self.clock.now();
        let mut waiting = Vec::with_capacity(jobs.len());
        for (place, job) in jobs.into_iter().enumerate() {
            if place >= room {
                answer(&job.answer, Err(BrokerError::JournalBehind));
            } else if let Some(seq) = builder.push(job.opening, now) {
                waiting.push((job.answer, seq));
            } else {
                answer(&job.answer, Err(BrokerError::Storage));
            }
        }
        let durable = !waiting.is_empty() && self.make_durable(builder);
        for (sender, seq) in waiting {
            answer(&sender, if durable { Ok(seq) } else { Err(BrokerError::Storage) });
        }
    }

    fn make_durable(&mut self, builder: Builder) -> bool {
        let count = builder.count();
        let Ok((bytes, hash)) = builder.sign(&self.keys.journal) else { return false };
        match self.file.append(&bytes, count, hash) {
            Ok(place) => {
                self.shared.index().add(place);
                self.shared.head.store(place.last_seq, Ordering::Release);
                true
            }
            Err(error) => {
                tracing::error!(%error, "the journal cannot be written; nothing is opened");
                false
            }
        }
    }
}

/// A caller that went away needs no answer.
fn answer(to: &mpsc::SyncSender<Result<u64, BrokerError>>, with: Result<u64, BrokerError>) {
    let _ = to.send(with);
}

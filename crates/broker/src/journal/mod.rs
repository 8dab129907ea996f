//! The journal of openings: written, signed and synced to the disk before anything is unwrapped.
//!
//! Always true
//! 1. [`Journal::append`] returns a sequence number only when the entry is durable. Every other
//!    answer means that the entry may not exist, and the caller unwraps nothing.
//! 2. Entries are chained by hash and signed in batches; a broken chain or signature stops the
//!    start.
//! 3. A tail torn by a crash is cut off: nothing was unwrapped for it. A hole before good batches
//!    is not a torn tail, and a journal shorter than what was already copied is not ours: both stop
//!    the start.
//! 4. Entries hold ids only, and of broken glass the reason that the staff gave for it.

mod batch;
mod file;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use domain::{Clock, RequestId, limits};
use serde::{Deserialize, Serialize};

use crate::error::{BrokerError, Refusal};
use crate::glass::GlassNote;
use crate::grant::Purpose;
use crate::instance_keys::InstanceKeys;
use crate::record::{Realm, RecordName};
use crate::start_error::StartError;
use crate::status::JournalEntry;

/// Most entries that one call of [`Journal::after`] returns.
pub(crate) const ENTRIES_PER_READ_MAX: u32 = 1_000;

/// Bytes already copied into the logs that the file may hold before the journal moves on to a new
/// one.
const COPIED_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What will be unwrapped, by whom and what for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) realm: Realm,
    pub(crate) purpose: Purpose,
    pub(crate) actor: String,
    pub(crate) request: Option<RequestId>,
    pub(crate) records: Vec<RecordName>,
    /// Written behind the rest where there is one, so that entries from before it existed read as
    /// they always did.
    #[serde(skip)]
    pub(crate) glass: Option<GlassNote>,
}

/// Whether bytes are one entry, with nothing behind it.
pub(crate) fn is_entry(bytes: &[u8]) -> bool {
    batch::is_entry(bytes)
}

/// The append-only journal of one broker process.
pub(crate) struct Journal {
    jobs: Option<mpsc::SyncSender<writer::Job>>,
    writer: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// What readers and the writer both know.
struct Shared {
    head: AtomicU64,
    copied: AtomicU64,
    batches: Mutex<file::Index>,
}

impl Journal {
    /// Opens the journal, or starts it when there is none and nothing was ever copied; checks every
    /// batch.
    ///
    /// # Errors
    /// [`StartError::Damaged`] when the chain, a signature or the length does not fit;
    /// [`StartError::File`].
    pub(crate) fn open(
        path: &Path,
        copied: u64,
        keys: Arc<InstanceKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        Self::open_shortened(path, copied, keys, clock, COPIED_BYTES_MAX)
    }

    fn open_shortened(
        path: &Path,
        copied: u64,
        keys: Arc<InstanceKeys>,
        clock: Arc<dyn Clock>,
        copied_bytes_max: u64,
    ) -> Result<Self, StartError> {
        let (file, index) = file::JournalFile::open(path, &keys.journal, copied)?;
        let shared = Arc::new(Shared {
            head: AtomicU64::new(file.head()),
            copied: AtomicU64::new(copied),
            batches: Mutex::new(index),
        });
        let (jobs, queue) = mpsc::sync_channel(writer::WAITING_MAX);
        let writer = writer::Writer::new(file, keys, clock, Arc::clone(&shared), copied_bytes_max);
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|source| StartError::File { path: path.to_owned(), source })?;
        Ok(Self { jobs: Some(jobs), writer: Some(writer), shared })
    }

    /// Makes the opening durable and returns its number.
    ///
    /// # Errors
    /// [`BrokerError::JournalBehind`] when too many entries wait to be copied;
    /// [`BrokerError::Storage`].
    pub(crate) fn append(&self, opening: Opening) -> Result<u64, BrokerError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(BrokerError::Storage)?;
        jobs.send(writer::Job { opening, answer }).map_err(|_| BrokerError::Storage)?;
        answered.recv().unwrap_or(Err(BrokerError::Storage))
    }

    /// Entries after `seq`, oldest first.
    ///
    /// # Errors
    /// [`Refusal::JournalPosition`] when `seq` lies before what was copied;
    /// [`BrokerError::Storage`].
    pub(crate) fn after(&self, seq: u64, count: u32) -> Result<Vec<JournalEntry>, BrokerError> {
        if seq < self.shared.copied() {
            return Err(BrokerError::Refused(Refusal::JournalPosition));
        }
        let count = usize::try_from(count.min(ENTRIES_PER_READ_MAX)).unwrap_or(0);
        self.shared.index().read_after(seq, count).ok_or(BrokerError::Storage)
    }

    /// Forgets entries up to `seq`: the caller has kept that position.
    ///
    /// # Errors
    /// [`Refusal::JournalPosition`] when `seq` lies ahead of the journal.
    pub(crate) fn check_position(&self, seq: u64) -> Result<(), BrokerError> {
        if seq <= self.head() {
            Ok(())
        } else {
            Err(BrokerError::Refused(Refusal::JournalPosition))
        }
    }

    /// Forgets the place of entries up to `seq`, once that position is durable in the key store.
    pub(crate) fn copied(&self, seq: u64) {
        self.shared.copied.fetch_max(seq, Ordering::AcqRel);
        self.shared.index().forget_through(seq);
    }

    /// The last durable entry's number; 0 when there is none.
    pub(crate) fn head(&self) -> u64 {
        self.shared.head.load(Ordering::Acquire)
    }

    /// How many entries wait to be copied.
    pub(crate) fn lag(&self) -> u64 {
        self.head().saturating_sub(self.shared.copied())
    }
}

impl Drop for Journal {
    /// Waits for the writer: whoever opens the file next finds nobody else in it.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn copied(&self) -> u64 {
        self.copied.load(Ordering::Acquire)
    }

    fn index(&self) -> std::sync::MutexGuard<'_, file::Index> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more entries fit before the lag bound.
    fn room(&self) -> u64 {
        let lag = self.head.load(Ordering::Acquire).saturating_sub(self.copied());
        limits::JOURNAL_LAG_ENTRIES_MAX.saturating_sub(lag)
    }
}

#[cfg(test)]
mod tests;

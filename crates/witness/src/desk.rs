//! One request at a time: judge, make durable, sign.
//!
//! Always true
//! 1. Judging a request and keeping its outcome happen under one lock, so that of two requests at
//!    once the second is judged by what the first left behind.
//! 2. Nothing is signed that is not on the disk. When the disk fails, what it holds is unknown: no
//!    more is signed until the witness is started anew and reads it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Clock;
use ledger::witness::{AddCheckpoint, Refusal, decide};

use crate::book::Book;
use crate::files::{Home, Trouble};
use crate::key::WitnessKey;
use crate::logs::TrustedLogs;

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// The rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk or the key failed, now or before.
    #[error("the witness cannot keep its record, and signs nothing")]
    Trouble,
}

/// A witness at work.
pub struct Desk {
    home: Home,
    key: WitnessKey,
    logs: TrustedLogs,
    clock: Arc<dyn Clock>,
    /// `None` after the disk failed.
    book: Mutex<Option<Book>>,
}

impl Desk {
    /// Makes a new witness in an empty folder.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn create(home: &Home, name: &str) -> Result<WitnessKey, Trouble> {
        // The key comes last: a folder with a key is a whole witness.
        if home.key().exists() {
            return Err(Trouble::Exists(home.key()));
        }
        if !home.book().exists() {
            Book::create(&home.book())?;
        }
        WitnessKey::create(home, name)
    }

    /// Opens the witness in this folder.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn open(home: Home, logs: TrustedLogs, clock: Arc<dyn Clock>) -> Result<Self, Trouble> {
        let key = WitnessKey::open(&home)?;
        let book = Book::open(&home.book())?;
        Ok(Self { home, key, logs, clock, book: Mutex::new(Some(book)) })
    }

    /// The witness's key.
    #[must_use]
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// The logs it watches.
    #[must_use]
    pub const fn logs(&self) -> &TrustedLogs {
        &self.logs
    }

    /// Answers `add-checkpoint`: the cosignature line. Blocks on the disk.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn add_checkpoint(&self, body: &str) -> Result<String, NotSigned> {
        let request = AddCheckpoint::parse(body)?;
        let log = self.logs.find(request.claimed_origin()?);
        let mut held = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let book = held.as_ref().ok_or(NotSigned::Trouble)?;
        let record = log.and_then(|log| book.record(&log.origin));
        let accepted = decide(&request, log, record)?;
        // The same checkpoint once more is signed again; the record says so already.
        if record != Some(accepted.record) {
            let next = book.with(accepted.origin, accepted.record).ok_or(NotSigned::Trouble)?;
            let kept = next.persist(&self.record_path());
            *held = kept.as_ref().is_ok().then_some(next);
            kept.map_err(|error| failed(&error))?;
        }
        self.key.cosign(accepted.text, self.now_s()).map_err(|error| failed(&error))
    }

    fn record_path(&self) -> PathBuf {
        self.home.book()
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.clock.now().0 / 1_000).unwrap_or(0)
    }
}

fn failed(error: &Trouble) -> NotSigned {
    tracing::error!(%error, "nothing is signed any more; mend it and start the witness anew");
    NotSigned::Trouble
}

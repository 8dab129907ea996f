//! Why the broker did not start, or was not set up. Each message says what to do next.

use std::fmt;
use std::io;
use std::path::PathBuf;

use seal::KeyId;

use crate::process::MemoryError;
use crate::status::{SlotKind, SlotOutcome, SlotReport};

/// Why the broker process does not run. No key was left in memory.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Keys could not be protected in memory.
    #[error("keys cannot be protected in memory: {0}")]
    Unprotected(MemoryError),
    /// There is no key store: this installation was never set up, or the data folder is another
    /// one.
    #[error("there is no key store at {0}; set the installation up first, or restore its data")]
    NoKeyStore(PathBuf),
    /// None of the configured keys opens the root key that the key store was made with.
    #[error("no configured key opens root key {expected}, which this key store needs{tried}")]
    WrongKey {
        /// The root key the key store expects.
        expected: KeyId,
        /// What was tried.
        tried: Tried,
    },
    /// The key store or the journal was written by a newer release.
    #[error("{0} was written by a newer release; use that release, or restore a backup")]
    NewerFormat(PathBuf),
    /// The key store or the journal contradicts itself or the other one.
    #[error("{path} is damaged: {reason}; restore it from a backup")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// Another broker holds the key store or listens on the socket.
    #[error("another broker is running on {0}")]
    AlreadyRunning(PathBuf),
    /// A file or the socket could not be used.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why setup made no keys. What existed before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There are keys already.
    #[error("this installation is set up already, with root key {0}")]
    AlreadySetUp(KeyId),
    /// Slots exist for keys whose key store is not here: overwriting them could destroy the only
    /// way to open a backup.
    #[error(
        "{path} holds root key {root}, but its key store is not here; restore the key store, \
         or move the slot away if it is not needed"
    )]
    SlotInTheWay {
        /// The slot file.
        path: PathBuf,
        /// The root key it holds.
        root: KeyId,
    },
    /// A file where a key or slot would be written; it is not touched.
    #[error("{0} exists and is not overwritten; move it away if it is not needed")]
    FileInTheWay(PathBuf),
    /// The passphrase is shorter than [`domain::limits::PASSWORD_CHARS_MIN`].
    #[error("the passphrase must have at least 12 characters")]
    PassphraseTooShort,
    /// A new slot did not give the root key back when it was tried. Nothing was kept.
    #[error("the new {} slot did not give the root key back when it was tried", .0.words())]
    SlotDoesNotOpen(SlotKind),
    /// The same reasons for which a start fails.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// What a start tried, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried(pub Vec<SlotReport>);

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(" (no key file and no passphrase is configured)");
        }
        for report in &self.0 {
            let outcome = match report.outcome {
                SlotOutcome::KeyMissing => "its key is not where the configuration says",
                SlotOutcome::Unreadable => "its slot file is missing or damaged",
                SlotOutcome::NotTried => "nobody gave what opens it",
                SlotOutcome::Incomplete => "the shares that were given do not make a set for it",
                SlotOutcome::Elsewhere(fault) => {
                    write!(f, "; {}: {fault}", named(report))?;
                    continue;
                }
                _ => "it does not open that key",
            };
            write!(f, "; {}: {outcome}", named(report))?;
        }
        Ok(())
    }
}

/// What people call a slot; with its name, when it is not the first of its kind.
fn named(report: &SlotReport) -> String {
    let words = report.kind.words();
    if report.id == seal::slot::Kind::from(report.kind).as_str() {
        return words.to_owned();
    }
    format!("{words} ({})", report.id)
}

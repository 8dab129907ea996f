//! What backups leave in the platform's unit: the canary that a rehearsal opens, and how the last
//! runs ended.
//!
//! Always true: the canary is a sealed record like any other; what it should open to is kept as a
//! digest only.

use domain::{Sealed, TimeMs};
use uuid::Uuid;

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// The canary, and the last runs.
    pub Backups
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackupRun {
    /// A backup of the data.
    Data,
    /// A backup of the key store.
    Keys,
    /// A rehearsed restore.
    Drill,
}

impl BackupRun {
    /// The run as the table names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
            Self::Drill => "drill",
        }
    }
}

/// How a kind of run last ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The number of the backup; 0 when there was none.
    pub number: u64,
    /// When.
    pub at: TimeMs,
    /// In a word: `ok`, or why not.
    pub outcome: String,
    /// When one last ended well.
    pub good_at: Option<TimeMs>,
}

/// The canary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// The record's id.
    pub record: Uuid,
    /// The sealed value.
    pub sealed: Sealed,
    /// SHA-256 of the value in clear, which is 32 random bytes.
    pub digest: [u8; 32],
}

platform_statements! { "backups", "backups are of the whole installation":
    CANARY = "select record_id, sealed, digest from backup_canary where one = 1";
    PUT_CANARY = "insert into backup_canary (one, record_id, sealed, digest, made_at_ms) \
        values (1, $1, $2, $3, $4) on conflict (one) do update set \
        record_id = excluded.record_id, sealed = excluded.sealed, digest = excluded.digest, \
        made_at_ms = excluded.made_at_ms";
    LAST = "select number, at_ms, outcome, good_at_ms from backup_runs where run = $1";
    NOTE = "insert into backup_runs (run, number, at_ms, outcome, good_at_ms) \
        values ($1, $2, $3, $4, $5) on conflict (run) do update set \
        number = excluded.number, at_ms = excluded.at_ms, outcome = excluded.outcome, \
        good_at_ms = coalesce(excluded.good_at_ms, backup_runs.good_at_ms)";
}

impl Backups<'_> {
    /// The canary, once there is one.
    ///
    /// # Errors
    /// The engine's.
    pub fn canary(&mut self) -> Result<Option<Canary>, StoreError> {
        let read = |mut row: Row| {
            Ok(Canary { record: row.id()?, sealed: row.sealed()?, digest: row.array()? })
        };
        self.bound.platform_one(&CANARY, values![])?.map(read).transpose()
    }

    /// Puts a canary in the place of the one before.
    ///
    /// # Errors
    /// The engine's.
    pub fn put_canary(&mut self, canary: &Canary) -> Result<(), StoreError> {
        let now = self.bound.now();
        let Canary { record, sealed, digest } = canary;
        self.bound
            .platform_change_one(&PUT_CANARY, values![*record, sealed, digest.as_slice(), now])
    }

    /// How this kind of run last ended; `None` before the first.
    ///
    /// # Errors
    /// The engine's.
    pub fn last(&mut self, run: BackupRun) -> Result<Option<LastRun>, StoreError> {
        let read = |mut row: Row| {
            let (number, at) = (row.count()?, row.time()?);
            Ok(LastRun { number, at, outcome: row.text()?, good_at: row.optional_time()? })
        };
        self.bound.platform_one(&LAST, values![run.as_str()])?.map(read).transpose()
    }

    /// Notes how a run ended; `ok` is the word for well.
    ///
    /// # Errors
    /// The engine's.
    pub fn note(&mut self, run: BackupRun, number: u64, outcome: &str) -> Result<(), StoreError> {
        let now = self.bound.now();
        let good_at = (outcome == "ok").then_some(now);
        let parameters = values![run.as_str(), number, now, outcome, good_at];
        self.bound.platform_change_one(&NOTE, parameters)
    }
}

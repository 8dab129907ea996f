//! Counters of failures, by a subject the caller names (an account, a network, a pair of both).
//!
//! Always true: a failure is counted in one statement before anything is verified, so parallel
//! guesses all count; a subject is blocked for a time, never for ever.

use domain::TimeMs;

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Counters of wrong guesses.
    pub Throttle
}

/// A subject's counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleState {
    /// Failures in a row.
    pub failures: u32,
    /// Nothing is tried before this moment.
    pub blocked_until: TimeMs,
    /// When the counter last rose.
    pub updated_at: TimeMs,
}

impl ThrottleState {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { failures: row.small()?, blocked_until: row.time()?, updated_at: row.time()? })
    }
}

platform_statements! { "throttle", "guesses are counted before it is known who guesses":
    FIND = "select failures, blocked_until_ms, updated_at_ms from throttle where subject = $1";
    COUNT = "insert into throttle (subject, failures, blocked_until_ms, updated_at_ms) \
        values ($1, 1, 0, $2) on conflict (subject) do update set \
        failures = throttle.failures + 1, updated_at_ms = excluded.updated_at_ms \
        returning failures, blocked_until_ms, updated_at_ms";
    BLOCK = "update throttle set blocked_until_ms = $2 \
        where subject = $1 and blocked_until_ms < $2";
    CLEAR = "delete from throttle where subject = $1";
    SWEEP = "delete from throttle where updated_at_ms < $1";
}

impl Throttle<'_> {
    /// A subject's counter; `None` when nothing failed.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, subject: &str) -> Result<Option<ThrottleState>, StoreError> {
        self.bound.platform_one(&FIND, values![subject])?.map(ThrottleState::from_row).transpose()
    }

    /// Counts one more guess; the counter with it.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self, subject: &str) -> Result<ThrottleState, StoreError> {
        let now = self.bound.now();
        let row = self.bound.platform_one(&COUNT, values![subject, now])?;
        row.map(ThrottleState::from_row).ok_or(StoreError::Defect("a counter was not counted"))?
    }

    /// Blocks a subject until `until`, unless it is blocked for longer already.
    ///
    /// # Errors
    /// The engine's.
    pub fn block(&mut self, subject: &str, until: TimeMs) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&BLOCK, values![subject, until])
    }

    /// Forgets a subject: the right password and factor were given.
    ///
    /// # Errors
    /// The engine's.
    pub fn clear(&mut self, subject: &str) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&CLEAR, values![subject])
    }

    /// Forgets counters that did not rise since `before`; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self, before: TimeMs) -> Result<u64, StoreError> {
        self.bound.platform_run(&SWEEP, values![before])
    }
}

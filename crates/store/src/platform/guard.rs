//! What wrong sign-ins leave behind: marks, levels of a challenge, counts per hour, and proofs of
//! work that were used.
//!
//! Always true
//! 1. Subjects and marks are keyed digests: no row names a person, an address or a password.
//! 2. A level ends by itself; there is none without an end.
//! 3. A proof is used up by one conditional statement.

use domain::TimeMs;

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// What wrong sign-ins leave behind.
    pub SignInGuard
}

/// Sign-ins of some hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hours {
    /// Sessions that began.
    pub signed_in: u64,
    /// Sign-ins that were refused.
    pub refused: u64,
    /// Accounts that refused ones were for, each once in an hour.
    pub accounts: u64,
}

impl Hours {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { signed_in: row.count()?, refused: row.count()?, accounts: row.count()? })
    }
}

platform_statements! { "guard", "guesses are counted before it is known who guesses":
    MARK = "insert into sign_in_marks (subject, mark, at_ms) values ($1, $2, $3) \
        on conflict (subject, mark) do nothing";
    MARK_AGAIN = "update sign_in_marks set at_ms = $3 where subject = $1 and mark = $2";
    MARKS = "select count(*) from sign_in_marks where subject = $1 and at_ms > $2";
    LEVEL = "select level from sign_in_levels where subject = $1 and until_ms > $2";
    RAISE = "insert into sign_in_levels (subject, level, until_ms) values ($1, $2, $3) \
        on conflict (subject) do update set level = excluded.level, until_ms = excluded.until_ms";
    COUNT = "insert into sign_in_hours (hour_ms, signed_in, refused, accounts, raised) \
        values ($1, $2, $3, $4, 0) on conflict (hour_ms) do update set \
        signed_in = sign_in_hours.signed_in + excluded.signed_in, \
        refused = sign_in_hours.refused + excluded.refused, \
        accounts = sign_in_hours.accounts + excluded.accounts";
    RAISED = "update sign_in_hours set raised = 1 where hour_ms >= $1";
    SUM = "select cast(coalesce(sum(signed_in), 0) as bigint), \
        cast(coalesce(sum(refused), 0) as bigint), cast(coalesce(sum(accounts), 0) as bigint) \
        from sign_in_hours where hour_ms >= $1 and hour_ms < $2";
    SUM_QUIET = "select cast(coalesce(sum(signed_in), 0) as bigint), \
        cast(coalesce(sum(refused), 0) as bigint), cast(coalesce(sum(accounts), 0) as bigint) \
        from sign_in_hours where hour_ms >= $1 and hour_ms < $2 and raised = 0";
    USE = "insert into used_proofs (proof, until_ms) values ($1, $2) \
        on conflict (proof) do nothing";
    SWEEP_MARKS = "delete from sign_in_marks where at_ms < $1";
    SWEEP_LEVELS = "delete from sign_in_levels where until_ms < $1";
    SWEEP_HOURS = "delete from sign_in_hours where hour_ms < $1";
    SWEEP_PROOFS = "delete from used_proofs where until_ms < $1";
}

impl SignInGuard<'_> {
    /// Marks a subject now. `false`: it had this mark, which is now as new as this.
    ///
    /// # Errors
    /// The engine's.
    pub fn mark(&mut self, subject: &str, mark: &str) -> Result<bool, StoreError> {
        let now = self.bound.now();
        if self.bound.platform_change_if(&MARK, values![subject, mark, now])? {
            return Ok(true);
        }
        self.bound.platform_run(&MARK_AGAIN, values![subject, mark, now])?;
        Ok(false)
    }

    /// How many marks a subject got after this moment.
    ///
    /// # Errors
    /// The engine's.
    pub fn marks(&mut self, subject: &str, after: TimeMs) -> Result<u64, StoreError> {
        let row = self.bound.platform_one(&MARKS, values![subject, after])?;
        row.map_or(Ok(0), |mut row| row.count())
    }

    /// A subject's level now; 0 when there is none.
    ///
    /// # Errors
    /// The engine's.
    pub fn level(&mut self, subject: &str) -> Result<u32, StoreError> {
        let now = self.bound.now();
        let row = self.bound.platform_one(&LEVEL, values![subject, now])?;
        row.map_or(Ok(0), |mut row| row.small())
    }

    /// Sets a subject's level until then.
    ///
    /// # Errors
    /// The engine's.
    pub fn raise(&mut self, subject: &str, level: u32, until: TimeMs) -> Result<(), StoreError> {
        self.bound.platform_change_one(&RAISE, values![subject, level, until])
    }

    /// Adds to the counts of the hour that begins at `hour`.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self, hour: TimeMs, more: Hours) -> Result<(), StoreError> {
        let Hours { signed_in, refused, accounts } = more;
        self.bound.platform_change_one(&COUNT, values![hour, signed_in, refused, accounts])
    }

    /// The hours since then are no baseline: an attack was seen in them.
    ///
    /// # Errors
    /// The engine's.
    pub fn raised(&mut self, since: TimeMs) -> Result<(), StoreError> {
        self.bound.platform_run(&RAISED, values![since]).map(|_| ())
    }

    /// The counts of the hours in this range.
    ///
    /// # Errors
    /// The engine's.
    pub fn sum(&mut self, from: TimeMs, before: TimeMs) -> Result<Hours, StoreError> {
        let row = self.bound.platform_one(&SUM, values![from, before])?;
        row.map_or(Ok(Hours::default()), Hours::from_row)
    }

    /// The counts of the hours in this range in which no attack was seen.
    ///
    /// # Errors
    /// The engine's.
    pub fn sum_quiet(&mut self, from: TimeMs, before: TimeMs) -> Result<Hours, StoreError> {
        let row = self.bound.platform_one(&SUM_QUIET, values![from, before])?;
        row.map_or(Ok(Hours::default()), Hours::from_row)
    }

    /// Uses a proof of work up. `false`: it was used before.
    ///
    /// # Errors
    /// The engine's.
    pub fn use_proof(&mut self, proof: &str, until: TimeMs) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&USE, values![proof, until])
    }

    /// Forgets marks and hours from before these moments, and what ended by now; how many rows.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self, marks: TimeMs, hours: TimeMs) -> Result<u64, StoreError> {
        let now = self.bound.now();
        let marks = self.bound.platform_run(&SWEEP_MARKS, values![marks])?;
        let levels = self.bound.platform_run(&SWEEP_LEVELS, values![now])?;
        let hours = self.bound.platform_run(&SWEEP_HOURS, values![hours])?;
        let proofs = self.bound.platform_run(&SWEEP_PROOFS, values![now])?;
        Ok(marks + levels + hours + proofs)
    }
}

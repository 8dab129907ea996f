//! New authenticators that wait for their first code.
//!
//! Always true: a person has at most one; the session that began it is the one that ends it, and
//! the seed that was checked is the seed that is taken.

use domain::{Sealed, SessionId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// New authenticators that wait for their first code.
    pub TotpReplacements
}

/// A new authenticator that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpReplacement {
    /// Its seed, sealed in its person's realm.
    pub totp: Sealed,
    /// Codes given so far.
    pub wrong_codes: u32,
    /// When it ends.
    pub expires_at: TimeMs,
}

impl TotpReplacement {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { totp: row.sealed()?, wrong_codes: row.small()?, expires_at: row.time()? })
    }

    /// Whether it can still be confirmed.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        now < self.expires_at && self.wrong_codes < limits::WRONG_CODES_MAX
    }
}

platform_statements! { "replacements", "an authenticator is a person's, whatever team they are in":
    START = "insert into totp_replacements (user_id, session_id, totp_sealed, wrong_codes, \
        expires_at_ms) values ($1, $2, $3, 0, $4) on conflict (user_id) do update set \
        session_id = excluded.session_id, totp_sealed = excluded.totp_sealed, wrong_codes = 0, \
        expires_at_ms = excluded.expires_at_ms";
    FIND = "select totp_sealed, wrong_codes, expires_at_ms from totp_replacements \
        where user_id = $1 and session_id = $2";
    COUNT_WRONG = "update totp_replacements set wrong_codes = wrong_codes + 1 \
        where user_id = $1 and session_id = $2 returning wrong_codes";
    TAKE = "delete from totp_replacements where user_id = $1 and session_id = $2 \
        and totp_sealed = $3 and expires_at_ms > $4";
    END = "delete from totp_replacements where user_id = $1";
    SWEEP = "delete from totp_replacements where expires_at_ms < $1";
}

impl TotpReplacements<'_> {
    /// Stores a seed that waits for its first code, in place of an earlier one; it ends after
    /// `limits::ENROLMENT_MS`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no such person.
    pub fn start(
        &mut self,
        user: UserId,
        session: SessionId,
        totp: &Sealed,
    ) -> Result<(), StoreError> {
        let ends = self.bound.now().plus_ms(limits::ENROLMENT_MS);
        self.bound.platform_change_one(&START, values![user, session, totp, ends])
    }

    /// The one that this session began.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(
        &mut self,
        user: UserId,
        session: SessionId,
    ) -> Result<Option<TotpReplacement>, StoreError> {
        self.bound
            .platform_one(&FIND, values![user, session])?
            .map(TotpReplacement::from_row)
            .transpose()
    }

    /// Counts one more code that is about to be judged; the number so far.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_wrong_code(
        &mut self,
        user: UserId,
        session: SessionId,
    ) -> Result<Option<u32>, StoreError> {
        self.bound
            .platform_one(&COUNT_WRONG, values![user, session])?
            .map(|mut row| row.small())
            .transpose()
    }

    /// Takes it out, if it still is this seed. `false`: it is over, or another took its place.
    ///
    /// # Errors
    /// The engine's.
    pub fn take(
        &mut self,
        user: UserId,
        session: SessionId,
        totp: &Sealed,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&TAKE, values![user, session, totp, now])
    }

    /// Ends whatever a person began.
    ///
    /// # Errors
    /// The engine's.
    pub fn end(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&END, values![user])
    }

    /// Removes those past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}

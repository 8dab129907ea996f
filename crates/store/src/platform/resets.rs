//! Password resets that were asked for.
//!
//! Always true: a reset works once, in one conditional statement; its code is stored as a digest;
//! codes are counted before they are judged and end it.

use domain::{ResetId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Password resets that were asked for.
    pub Resets
}

/// A reset to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewReset {
    /// Its id, which is what the mailed link holds.
    pub id: ResetId,
    /// Whose password.
    pub user: UserId,
    /// Digest of the code beside the link.
    pub code_hash: [u8; 32],
}

/// A reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// Its id.
    pub id: ResetId,
    /// Whose password.
    pub user: UserId,
    /// Digest of the code beside the link.
    pub code_hash: [u8; 32],
    /// Codes given so far.
    pub wrong_codes: u32,
    /// When it ends.
    pub expires_at: TimeMs,
    /// When it was used, or ended by another.
    pub used_at: Option<TimeMs>,
}

impl PasswordReset {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            user: row.id()?,
            code_hash: row.array()?,
            wrong_codes: row.small()?,
            expires_at: row.time()?,
            used_at: row.optional_time()?,
        })
    }

    /// Whether it can still be used.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        self.used_at.is_none()
            && now < self.expires_at
            && self.wrong_codes < limits::RESET_CODES_MAX
    }
}

platform_statements! { "resets", "whoever resets a password is signed in nowhere":
    CREATE = "insert into password_resets (reset_id, user_id, code_hash, wrong_codes, \
        expires_at_ms, used_at_ms) values ($1, $2, $3, 0, $4, null)";
    FIND = "select reset_id, user_id, code_hash, wrong_codes, expires_at_ms, used_at_ms \
        from password_resets where reset_id = $1";
    COUNT_WRONG = "update password_resets set wrong_codes = wrong_codes + 1 \
        where reset_id = $1 and used_at_ms is null returning wrong_codes";
    USE = "update password_resets set used_at_ms = $2 \
        where reset_id = $1 and used_at_ms is null and expires_at_ms > $2";
    END_ALL = "update password_resets set used_at_ms = $2 \
        where user_id = $1 and used_at_ms is null";
    SWEEP = "delete from password_resets where expires_at_ms < $1";
}

impl Resets<'_> {
    /// Stores a reset; it ends after `limits::RESET_MS`.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(&mut self, new: &NewReset) -> Result<TimeMs, StoreError> {
        let ends = self.bound.now().plus_ms(limits::RESET_MS);
        self.bound.platform_change_one(&CREATE, values![new.id, new.user, new.code_hash, ends])?;
        Ok(ends)
    }

    /// One reset, usable or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: ResetId) -> Result<Option<PasswordReset>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(PasswordReset::from_row).transpose()
    }

    /// Counts one more code that is about to be judged; the number so far, or `None` when it is
    /// over.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_wrong_code(&mut self, id: ResetId) -> Result<Option<u32>, StoreError> {
        self.bound.platform_one(&COUNT_WRONG, values![id])?.map(|mut row| row.small()).transpose()
    }

    /// Uses a reset up. `false`: it is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn use_up(&mut self, id: ResetId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&USE, values![id, now])
    }

    /// Ends whatever else a person asked for; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn end_all(&mut self, user: UserId) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&END_ALL, values![user, now])
    }

    /// Removes resets past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}

//! Assisted recoveries: for somebody who lost both their password and their second factor.
//!
//! Always true
//! 1. A person has at most one that is not over: the table's key settles it.
//! 2. It is approved when every workspace the person is in has vouched for it, and not before.
//! 3. It is completed once, after its delay, in one conditional statement; whoever is faster
//!    cancels or completes, never both.

use std::str::FromStr;

use domain::{EmailAddress, RecoveryId, Sealed, TenantId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Assisted recoveries.
    pub Recoveries
}

/// How far a recovery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryState {
    /// It waits for those who have to vouch for it.
    Requested,
    /// Everybody vouched; it can be completed after its delay.
    Approved,
    /// It was refused or taken back, or nobody vouched in time.
    Cancelled,
    /// The person has new factors.
    Completed,
}

impl RecoveryState {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
        }
    }
}

impl FromStr for RecoveryState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        [Self::Requested, Self::Approved, Self::Cancelled, Self::Completed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Corrupt)
    }
}

/// A recovery to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRecovery {
    /// Its id, which is what the mailed link holds.
    pub id: RecoveryId,
    /// Whose account.
    pub user: UserId,
}

/// A recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub id: RecoveryId,
    /// Whose account.
    pub user: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// How far it has come.
    pub state: RecoveryState,
    /// Digest of the code beside the link, from its approval on.
    pub code_hash: Option<[u8; 32]>,
    /// Codes given so far.
    pub wrong_codes: u32,
    /// When it was asked for.
    pub requested_at: TimeMs,
    /// When it can be completed, from its approval on.
    pub opens_at: Option<TimeMs>,
    /// When it ends.
    pub expires_at: TimeMs,
    /// When it was cancelled or completed.
    pub ended_at: Option<TimeMs>,
    /// The password that waits for the new authenticator's first code, as a hash.
    pub password_hash: Option<String>,
    /// The new authenticator's seed, sealed.
    pub totp: Option<Sealed>,
}

impl Recovery {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        let (id, user, email, state) = (row.id()?, row.id()?, row.parsed()?, row.parsed()?);
        Ok(Self {
            id,
            user,
            email,
            state,
            code_hash: row.optional_array()?,
            wrong_codes: row.small()?,
            requested_at: row.time()?,
            opens_at: row.optional_time()?,
            expires_at: row.time()?,
            ended_at: row.optional_time()?,
            password_hash: row.optional_text()?,
            totp: row.optional_sealed()?,
        })
    }

    /// Whether it can be completed now.
    #[must_use]
    pub fn open(&self, now: TimeMs) -> bool {
        self.state == RecoveryState::Approved
            && self.ended_at.is_none()
            && self.opens_at.is_some_and(|opens| opens <= now)
            && now < self.expires_at
            && self.wrong_codes < limits::RESET_CODES_MAX
    }
}

platform_statements! { "recoveries", "whoever lost both factors is signed in nowhere":
    END_EXPIRED = "update recoveries set state = 'cancelled', ended_at_ms = $2, \
        password_hash = null, totp_sealed = null \
        where user_id = $1 and ended_at_ms is null and expires_at_ms <= $2";
    CREATE = "insert into recoveries (recovery_id, user_id, state, code_hash, wrong_codes, \
        requested_at_ms, opens_at_ms, expires_at_ms, ended_at_ms, password_hash, totp_sealed) \
        values ($1, $2, 'requested', null, 0, $3, null, $4, null, null, null) \
        on conflict do nothing";
    FIND = "select r.recovery_id, r.user_id, u.email, r.state, r.code_hash, r.wrong_codes, \
        r.requested_at_ms, r.opens_at_ms, r.expires_at_ms, r.ended_at_ms, r.password_hash, \
        r.totp_sealed from recoveries r join users u on u.user_id = r.user_id \
        where r.recovery_id = $1";
    LIST = "select r.recovery_id, r.user_id, u.email, r.state, r.code_hash, r.wrong_codes, \
        r.requested_at_ms, r.opens_at_ms, r.expires_at_ms, r.ended_at_ms, r.password_hash, \
        r.totp_sealed from recoveries r join users u on u.user_id = r.user_id \
        join memberships m on m.user_id = r.user_id \
        where m.workspace_id = $1 and r.recovery_id > $2 and r.ended_at_ms is null \
        and r.expires_at_ms > $3 order by r.recovery_id limit $4";
    LIST_OF_USER = "select r.recovery_id, r.user_id, u.email, r.state, r.code_hash, \
        r.wrong_codes, r.requested_at_ms, r.opens_at_ms, r.expires_at_ms, r.ended_at_ms, \
        r.password_hash, r.totp_sealed from recoveries r join users u on u.user_id = r.user_id \
        where r.user_id = $1 and r.ended_at_ms is null and r.expires_at_ms > $2 limit 1";
    VOUCH = "insert into recovery_approvals (recovery_id, workspace_id, approved_by, \
        approved_at_ms) values ($1, $2, $3, $4) on conflict do nothing";
    COUNT_UNVOUCHED = "select count(*) from memberships m where m.user_id = $1 \
        and not exists (select 1 from recovery_approvals a where a.recovery_id = $2 \
        and a.workspace_id = m.workspace_id)";
    APPROVE = "update recoveries set state = 'approved', code_hash = $2, opens_at_ms = $3, \
        expires_at_ms = $4 where recovery_id = $1 and state = 'requested' \
        and ended_at_ms is null and expires_at_ms > $5";
    COUNT_WRONG = "update recoveries set wrong_codes = wrong_codes + 1 \
        where recovery_id = $1 and ended_at_ms is null returning wrong_codes";
    UNCOUNT = "update recoveries set wrong_codes = wrong_codes - 1 \
        where recovery_id = $1 and ended_at_ms is null and wrong_codes > 0";
    PREPARE = "update recoveries set password_hash = $2, totp_sealed = $3 \
        where recovery_id = $1 and state = 'approved' and ended_at_ms is null \
        and opens_at_ms <= $4 and expires_at_ms > $4";
    COMPLETE = "update recoveries set state = 'completed', ended_at_ms = $3, \
        password_hash = null, totp_sealed = null where recovery_id = $1 and state = 'approved' \
        and ended_at_ms is null and opens_at_ms <= $3 and expires_at_ms > $3 \
        and totp_sealed = $2";
    CANCEL = "update recoveries set state = 'cancelled', ended_at_ms = $3, \
        password_hash = null, totp_sealed = null \
        where recovery_id = $1 and user_id = $2 and ended_at_ms is null";
    CANCEL_ALL = "update recoveries set state = 'cancelled', ended_at_ms = $2, \
        password_hash = null, totp_sealed = null where user_id = $1 and ended_at_ms is null";
    SWEEP = "delete from recoveries where expires_at_ms < $1";
}

impl Recoveries<'_> {
    /// Stores a recovery; it waits `limits::RECOVERY_REQUEST_MS` for its approvals. `false`: the
    /// person has one that is not over.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(&mut self, new: &NewRecovery) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&END_EXPIRED, values![new.user, now])?;
        let ends = now.plus_ms(limits::RECOVERY_REQUEST_MS);
        self.bound.platform_change_if(&CREATE, values![new.id, new.user, now, ends])
    }

    /// One recovery, whatever its state.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: RecoveryId) -> Result<Option<Recovery>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(Recovery::from_row).transpose()
    }

    /// What is not over, of people who are in this workspace as far as the platform was told.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(
        &mut self,
        workspace: TenantId,
        page: Page<RecoveryId>,
    ) -> Result<Listing<Recovery>, StoreError> {
        let now = self.bound.now();
        let after = page.key().map_or(uuid::Uuid::nil(), RecoveryId::uuid);
        let rows =
            self.bound.platform_rows(&LIST, values![workspace, after, now, page.fetched()])?;
        page.listing(rows, Recovery::from_row)
    }

    /// The one of this person that is not over.
    ///
    /// # Errors
    /// The engine's.
    pub fn of_user(&mut self, user: UserId) -> Result<Option<Recovery>, StoreError> {
        let now = self.bound.now();
        self.bound
            .platform_one(&LIST_OF_USER, values![user, now])?
            .map(Recovery::from_row)
            .transpose()
    }

    /// Notes that this workspace vouches for it: by a member, or, with `None`, by the host's
    /// operator. `false`: the workspace has vouched before.
    ///
    /// # Errors
    /// The engine's.
    pub fn vouch(
        &mut self,
        id: RecoveryId,
        workspace: TenantId,
        by: Option<UserId>,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&VOUCH, values![id, workspace, by, now])
    }

    /// How many of the person's workspaces have not vouched for it.
    ///
    /// # Errors
    /// The engine's.
    pub fn unvouched(&mut self, id: RecoveryId, user: UserId) -> Result<u64, StoreError> {
        self.bound
            .platform_one(&COUNT_UNVOUCHED, values![user, id])?
            .map_or(Ok(0), |mut row| row.count())
    }

    /// Approves it: from `opens_at` on it can be completed with the code of this digest, for
    /// `limits::RECOVERY_OPEN_MS`. `false`: it is over, or was approved before.
    ///
    /// # Errors
    /// The engine's.
    pub fn approve(
        &mut self,
        id: RecoveryId,
        code_hash: [u8; 32],
        opens_at: TimeMs,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        let ends = opens_at.plus_ms(limits::RECOVERY_OPEN_MS);
        self.bound.platform_change_if(&APPROVE, values![id, code_hash, opens_at, ends, now])
    }

    /// Counts one more code that is about to be judged; the number so far, or `None` when it is
    /// over.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_wrong_code(&mut self, id: RecoveryId) -> Result<Option<u32>, StoreError> {
        self.bound.platform_one(&COUNT_WRONG, values![id])?.map(|mut row| row.small()).transpose()
    }

    /// Takes the count of a code back: it was right.
    ///
    /// # Errors
    /// The engine's.
    pub fn forgive(&mut self, id: RecoveryId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&UNCOUNT, values![id])
    }

    /// Keeps the password and the seed that wait for the seed's first code. `false`: it is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn prepare(
        &mut self,
        id: RecoveryId,
        password_hash: &str,
        totp: &Sealed,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&PREPARE, values![id, password_hash, totp, now])
    }

    /// Completes it, once, if it still waits for this seed. `false`: it is over, or another seed
    /// took its place.
    ///
    /// # Errors
    /// The engine's.
    pub fn complete(&mut self, id: RecoveryId, totp: &Sealed) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&COMPLETE, values![id, totp, now])
    }

    /// Cancels it in the name of its person. `false`: it is somebody else's, or over.
    ///
    /// # Errors
    /// The engine's.
    pub fn cancel(&mut self, id: RecoveryId, user: UserId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&CANCEL, values![id, user, now])
    }

    /// Cancels whatever of this person is not over: they have their factors. Whether there was one.
    ///
    /// # Errors
    /// The engine's.
    pub fn cancel_all(&mut self, user: UserId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&CANCEL_ALL, values![user, now])
    }

    /// Removes recoveries past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}

//! Whose each entry of the platform's security log is, how far that log was read, and in which hour
//! a session's use was logged.
//!
//! Always true
//! 1. The rows are pointers to entries; what an entry says stands in the log alone.
//! 2. The position moves by compare-and-swap in the transaction that adds the pointers: whatever is
//!    interrupted or repeated, each entry has one.

use domain::{EntryId, SessionId, TenantId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// Whose each entry of the platform's security log is.
    pub AccountEvents
}

handle! {
    /// Uses of sessions that were logged within the hour.
    pub SessionUses
}

/// How the use of a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionOutcome {
    /// It was let in.
    Used,
    /// It was over.
    Refused,
}

impl SessionOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Refused => "refused",
        }
    }
}

platform_statements! {
    "account_events", "an account's events are its person's, who may be in several workspaces":
    NEXT = "select next_index from security_projection where one = 1";
    ADVANCE = "update security_projection set next_index = $2 where one = 1 and next_index = $1";
    ADD = "insert into account_events (user_id, entry_id, at_ms) values ($1, $2, $3) \
        on conflict do nothing";
    LIST = "select entry_id from account_events where user_id = $1 and entry_id < $2 \
        order by entry_id desc limit $3";
    SWEEP = "delete from account_events where at_ms < $1";
    FORGET_USES = "delete from session_uses where session_id = $1 and at_ms <= $2";
    NOTE_USE = "insert into session_uses (session_id, outcome, workspace, network, at_ms) \
        values ($1, $2, $3, $4, $5) on conflict do nothing";
    SWEEP_USES = "delete from session_uses where at_ms <= $1";
}

impl AccountEvents<'_> {
    /// The index in the platform's security log before which everything was read.
    ///
    /// # Errors
    /// The engine's.
    pub fn next_index(&mut self) -> Result<u64, StoreError> {
        let row = self.bound.platform_one(&NEXT, values![])?;
        row.map_or(Err(StoreError::Corrupt), |mut row| row.count())
    }

    /// Moves the position. `false`: another reader was faster.
    ///
    /// # Errors
    /// The engine's.
    pub fn advance(&mut self, from: u64, to: u64) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&ADVANCE, values![from, to])
    }

    /// Notes whose an entry is. Repeating it changes nothing.
    ///
    /// # Errors
    /// The engine's.
    pub fn add(&mut self, user: UserId, entry: EntryId, at: TimeMs) -> Result<(), StoreError> {
        self.bound.platform_run(&ADD, values![user, entry, at]).map(drop)
    }

    /// A person's entries, newest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(
        &mut self,
        user: UserId,
        page: Page<EntryId>,
    ) -> Result<Listing<EntryId>, StoreError> {
        let before = page.key().map_or(uuid::Uuid::max(), EntryId::uuid);
        let rows = self.bound.platform_rows(&LIST, values![user, before, page.fetched()])?;
        page.listing(rows, |mut row| row.id())
    }

    /// Forgets pointers to entries of before `before`; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self, before: TimeMs) -> Result<u64, StoreError> {
        self.bound.platform_run(&SWEEP, values![before])
    }
}

impl SessionUses<'_> {
    /// Notes an outcome. `true`: it is the first of its hour, workspace and network, so it is to be
    /// logged.
    ///
    /// # Errors
    /// The engine's.
    pub fn note(
        &mut self,
        session: SessionId,
        outcome: SessionOutcome,
        workspace: Option<TenantId>,
        network: &str,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        let old = now.plus_ms(-limits::CREDENTIAL_USE_MS);
        self.bound.platform_run(&FORGET_USES, values![session, old])?;
        let workspace = workspace.map(|workspace| workspace.to_string()).unwrap_or_default();
        self.bound.platform_change_if(
            &NOTE_USE,
            values![session, outcome.as_str(), workspace, network, now],
        )
    }

    /// Forgets what is older than an hour; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let old = self.bound.now().plus_ms(-limits::CREDENTIAL_USE_MS);
        self.bound.platform_run(&SWEEP_USES, values![old])
    }
}

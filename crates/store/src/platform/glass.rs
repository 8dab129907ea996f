//! Wishes of the staff to break the glass.
//!
//! Always true
//! 1. A wish gets one approval, by hands that share nothing with those that asked: the statement
//!    and a rule of the table say so.
//! 2. A row says what people wished. Nothing opens by it: the workspace's own row and the broker
//!    decide.
//! 3. Terms never change, and rows stay.

use domain::{GlassHand, GlassId, NoticeId, Reason, SecretId, TenantId, TimeMs, UserId};

use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, json, values};

handle! {
    /// Wishes to break the glass.
    pub GlassRequests
}

/// A wish to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGlass {
    /// Its id.
    pub id: GlassId,
    /// Whose secrets.
    pub tenant: TenantId,
    /// Which.
    pub secrets: Vec<SecretId>,
    /// Why.
    pub reason: Reason,
    /// For how long, from the approval on.
    pub minutes: u32,
    /// Who asks.
    pub asked_by: GlassHand,
    /// Until when somebody else can agree.
    pub expires_at: TimeMs,
}

/// A wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlassRequest {
    /// What was asked for.
    pub asked: NewGlass,
    /// When.
    pub asked_at: TimeMs,
    /// Who agreed, if somebody did.
    pub approval: Option<GlassApproval>,
    /// When it was ended before its time.
    pub ended_at: Option<TimeMs>,
}

/// Somebody else's agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlassApproval {
    /// Who.
    pub by: GlassHand,
    /// When it is over.
    pub until: TimeMs,
    /// The messages that were put into the outbox with it, each with its person.
    pub notices: Vec<(NoticeId, UserId)>,
}

impl GlassRequest {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        let (id, tenant, reason, minutes) = (row.id()?, row.id()?, row.parsed()?, row.small()?);
        let secrets = row.json()?;
        let asked_by = GlassHand { user: row.id()?, session: row.id()?, passkey: row.id()? };
        let (asked_at, expires_at) = (row.time()?, row.time()?);
        let by = (row.optional_id()?, row.optional_id()?, row.optional_id()?);
        let (until, notices) = (row.optional_time()?, row.optional_text()?);
        let approval = match (by, until, notices) {
            ((Some(user), Some(session), Some(passkey)), Some(until), Some(notices)) => {
                let by = GlassHand { user, session, passkey };
                let notices = serde_json::from_str(&notices).map_err(|_| StoreError::Corrupt)?;
                Some(GlassApproval { by, until, notices })
            }
            _ => None,
        };
        let asked = NewGlass { id, tenant, secrets, reason, minutes, asked_by, expires_at };
        Ok(Self { asked, asked_at, approval, ended_at: row.optional_time()? })
    }
}

platform_statements! { "glass_requests", "staff works for the platform, in no workspace":
    ASK = "insert into glass_requests (glass_id, workspace_id, reason, minutes, secrets, asked_by, \
        asked_session, asked_passkey, asked_at_ms, expires_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND = "select glass_id, workspace_id, reason, minutes, secrets, asked_by, asked_session, \
        asked_passkey, asked_at_ms, expires_at_ms, approved_by, approved_session, \
        approved_passkey, until_ms, notices, ended_at_ms from glass_requests where glass_id = $1";
    LIST = "select glass_id, workspace_id, reason, minutes, secrets, asked_by, asked_session, \
        asked_passkey, asked_at_ms, expires_at_ms, approved_by, approved_session, \
        approved_passkey, until_ms, notices, ended_at_ms from glass_requests \
        where glass_id > $1 order by glass_id limit $2";
    APPROVE = "update glass_requests set approved_by = $2, approved_session = $3, \
        approved_passkey = $4, until_ms = $5, notices = $6 where glass_id = $1 \
        and approved_by is null and ended_at_ms is null and expires_at_ms > $7 \
        and asked_by <> $2 and asked_session <> $3 and asked_passkey <> $4";
    END = "update glass_requests set ended_at_ms = $2 where glass_id = $1 and ended_at_ms is null";
}

impl GlassRequests<'_> {
    /// Stores a wish.
    ///
    /// # Errors
    /// The engine's.
    pub fn ask(&mut self, new: &NewGlass) -> Result<(), StoreError> {
        let GlassHand { user, session, passkey } = new.asked_by;
        let (now, secrets) = (self.bound.now(), json(&new.secrets)?);
        let reason = new.reason.as_str();
        let values = values![
            new.id,
            new.tenant,
            reason,
            new.minutes,
            secrets,
            user,
            session,
            passkey,
            now,
            new.expires_at
        ];
        self.bound.platform_change_one(&ASK, values)
    }

    /// One wish.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: GlassId) -> Result<Option<GlassRequest>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(GlassRequest::from_row).transpose()
    }

    /// Every wish, oldest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, page: Page<GlassId>) -> Result<Listing<GlassRequest>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), GlassId::uuid);
        let rows = self.bound.platform_rows(&LIST, values![after, page.fetched()])?;
        page.listing(rows, GlassRequest::from_row)
    }

    /// Agrees to a wish. `false`: it was agreed to, ended or is over, or these hands share
    /// something with those that asked.
    ///
    /// # Errors
    /// The engine's.
    pub fn approve(&mut self, id: GlassId, approval: &GlassApproval) -> Result<bool, StoreError> {
        let GlassHand { user, session, passkey } = approval.by;
        let (now, notices) = (self.bound.now(), json(&approval.notices)?);
        let values = values![id, user, session, passkey, approval.until, notices, now];
        self.bound.platform_change_if(&APPROVE, values)
    }

    /// Ends a wish or what came of it. `false`: it had ended.
    ///
    /// # Errors
    /// The engine's.
    pub fn end(&mut self, id: GlassId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&END, values![id, now])
    }
}

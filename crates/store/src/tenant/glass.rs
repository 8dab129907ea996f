//! What two of the platform's staff agreed to open of this workspace.
//!
//! Always true
//! 1. A row is written in the transaction of the entry that tells the workspace of it, stays, and
//!    only its end is written later.
//! 2. A record is found in exactly the version that was agreed on, while that is the newest: a new
//!    version is out of reach.

use domain::{
    EnvironmentId, GlassHand, GlassId, NoticeId, Reason, Sealed, SecretId, TimeMs, UserId,
    VariableName, limits,
};
use serde::{Deserialize, Serialize};

use super::handle;
use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::tenant_statements;
use crate::value::{Row, json, values};

handle! {
    /// What staff agreed to open.
    pub Glass
}

/// One secret, in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlassRecord {
    /// The secret.
    pub secret: SecretId,
    /// Its environment.
    pub environment: EnvironmentId,
    /// Its name, for people.
    pub name: VariableName,
    /// The version.
    pub version: u64,
}

/// An agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenGlass {
    /// Its id.
    pub id: GlassId,
    /// Why.
    pub reason: Reason,
    /// Who asked, and may open.
    pub asked_by: GlassHand,
    /// Who agreed.
    pub approved_by: GlassHand,
    /// What may be opened.
    pub records: Vec<GlassRecord>,
    /// The messages about it, each with its person.
    pub notices: Vec<(NoticeId, UserId)>,
    /// When they agreed.
    pub approved_at: TimeMs,
    /// When it is over.
    pub until: TimeMs,
    /// When it was ended before its time.
    pub ended_at: Option<TimeMs>,
}

impl BrokenGlass {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            reason: row.parsed()?,
            asked_by: GlassHand { user: row.id()?, session: row.id()?, passkey: row.id()? },
            approved_by: GlassHand { user: row.id()?, session: row.id()?, passkey: row.id()? },
            records: row.json()?,
            notices: row.json()?,
            approved_at: row.time()?,
            until: row.time()?,
            ended_at: row.optional_time()?,
        })
    }

    /// Whether anything may be opened by it at `now`.
    #[must_use]
    pub fn open(&self, now: TimeMs) -> bool {
        self.ended_at.is_none() && now < self.until
    }
}

/// Most people who are told: owners and admins of the largest team.
const TOLD_MAX: usize = limits::MEMBERS_PER_WORKSPACE_MAX;

tenant_statements! { "glass_approvals":
    NAMED = "select secret_id, environment_id, name, version from secrets \
        where tenant_id = $1 and secret_id = $2";
    SEALED = "select v.sealed from secrets s \
        join secret_versions v on v.tenant_id = $1 and v.secret_id = s.secret_id \
        and v.version = s.version \
        where s.tenant_id = $1 and s.secret_id = $2 and s.environment_id = $3 and s.version = $4";
    TOLD = "select user_id from members where tenant_id = $1 and role in ('owner', 'admin') \
        order by user_id limit $2";
    BREAK = "insert into glass_approvals (tenant_id, glass_id, reason, asked_by, asked_session, \
        asked_passkey, approved_by, approved_session, approved_passkey, records, notices, \
        approved_at_ms, until_ms, ended_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null) \
        on conflict (tenant_id, glass_id) do nothing";
    FIND = "select glass_id, reason, asked_by, asked_session, asked_passkey, approved_by, \
        approved_session, approved_passkey, records, notices, approved_at_ms, until_ms, \
        ended_at_ms from glass_approvals where tenant_id = $1 and glass_id = $2";
    LIST = "select glass_id, reason, asked_by, asked_session, asked_passkey, approved_by, \
        approved_session, approved_passkey, records, notices, approved_at_ms, until_ms, \
        ended_at_ms from glass_approvals where tenant_id = $1 and glass_id > $2 \
        order by glass_id limit $3";
    END = "update glass_approvals set ended_at_ms = $3 \
        where tenant_id = $1 and glass_id = $2 and ended_at_ms is null";
}

impl Glass<'_> {
    /// A secret as it is named now. `None`: there is none of this id here.
    ///
    /// # Errors
    /// The engine's.
    pub fn named(&mut self, secret: SecretId) -> Result<Option<GlassRecord>, StoreError> {
        let Some(mut row) = self.bound.one(&NAMED, values![secret])? else { return Ok(None) };
        let (secret, environment) = (row.id()?, row.id()?);
        let (name, version) = (row.parsed()?, row.count()?);
        Ok(Some(GlassRecord { secret, environment, name, version }))
    }

    /// A record's envelope. `None`: it is gone, or has another version by now.
    ///
    /// # Errors
    /// The engine's.
    pub fn sealed(&mut self, record: &GlassRecord) -> Result<Option<Sealed>, StoreError> {
        let values = values![record.secret, record.environment, record.version];
        self.bound.one(&SEALED, values)?.map(|mut row| row.sealed()).transpose()
    }

    /// Whom a workspace tells: its owner and its admins.
    ///
    /// # Errors
    /// The engine's.
    pub fn told(&mut self) -> Result<Vec<UserId>, StoreError> {
        let most = u32::try_from(TOLD_MAX).unwrap_or(u32::MAX);
        let rows = self.bound.rows(&TOLD, values![most])?;
        rows.into_iter().map(|mut row| row.id()).collect()
    }

    /// Writes an agreement down. `false`: it is there already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: both hands are one person's, session's or passkey's.
    pub fn broken(&mut self, new: &BrokenGlass) -> Result<bool, StoreError> {
        let (asked, approved) = (new.asked_by, new.approved_by);
        let (records, notices) = (json(&new.records)?, json(&new.notices)?);
        let values = values![
            new.id,
            new.reason.as_str(),
            asked.user,
            asked.session,
            asked.passkey,
            approved.user,
            approved.session,
            approved.passkey,
            records,
            notices,
            new.approved_at,
            new.until
        ];
        self.bound.change_if(&BREAK, values)
    }

    /// One agreement.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: GlassId) -> Result<Option<BrokenGlass>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(BrokenGlass::from_row).transpose()
    }

    /// Every agreement, oldest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, page: Page<GlassId>) -> Result<Listing<BrokenGlass>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), GlassId::uuid);
        let rows = self.bound.rows(&LIST, values![after, page.fetched()])?;
        page.listing(rows, BrokenGlass::from_row)
    }

    /// Ends an agreement. `false`: it had ended, or there is none.
    ///
    /// # Errors
    /// The engine's.
    pub fn end(&mut self, id: GlassId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.change_if(&END, values![id, now])
    }
}

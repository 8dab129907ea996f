//! Who was asked to join, by whom, and what became of it.
//!
//! Always true: an invitation's code is stored as a digest; wrong codes are counted on the row and
//! end it; an invitation leaves the state `open` once.

use std::collections::BTreeSet;
use std::str::FromStr;

use domain::authz::{Invite, Permit, RevokeInvitation, Role};
use domain::{EmailAddress, InvitationId, ProjectId, TimeMs, UserId, limits};

use super::handle;
use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::tenant_statements;
use crate::value::{Row, json, values};

handle! {
    /// The team's invitations.
    pub Invitations
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// It can be accepted until it expires.
    Open,
    /// Somebody joined by it.
    Accepted,
    /// It was taken back.
    Revoked,
}

impl InvitationState {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
        }
    }
}

impl FromStr for InvitationState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        [Self::Open, Self::Accepted, Self::Revoked]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Corrupt)
    }
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id, which is what a link holds.
    pub id: InvitationId,
    /// Who is invited.
    pub email: EmailAddress,
    /// With this role.
    pub role: Role,
    /// Into these projects.
    pub projects: BTreeSet<ProjectId>,
    /// Who invited.
    pub inviter: UserId,
    /// Digest of the code that is told apart from the link.
    pub code_hash: [u8; 32],
    /// Wrong codes given so far.
    pub wrong_codes: u32,
    /// When it was sent.
    pub created_at: TimeMs,
    /// When it ends.
    pub expires_at: TimeMs,
    /// What became of it.
    pub state: InvitationState,
}

impl Invitation {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            email: row.parsed()?,
            role: row.parsed()?,
            projects: row.json()?,
            inviter: row.id()?,
            code_hash: row.array()?,
            wrong_codes: row.small()?,
            created_at: row.time()?,
            expires_at: row.time()?,
            state: row.parsed()?,
        })
    }

    /// Whether it can still be accepted.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        self.state == InvitationState::Open
            && now < self.expires_at
            && self.wrong_codes < limits::WRONG_CODES_MAX
    }
}

/// What is stored beside the permit when somebody is invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Who invites.
    pub inviter: UserId,
    /// Digest of the code.
    pub code_hash: [u8; 32],
    /// When it ends.
    pub expires_at: TimeMs,
}

tenant_statements! { "invitations":
    CREATE = "insert into invitations \
        (tenant_id, invitation_id, email, role, projects, inviter_id, code_hash, wrong_codes, \
        created_at_ms, expires_at_ms, state) \
        values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, 'open')";
    FIND = "select invitation_id, email, role, projects, inviter_id, code_hash, wrong_codes, \
        created_at_ms, expires_at_ms, state \
        from invitations where tenant_id = $1 and invitation_id = $2";
    LOCK locking = "select invitation_id, email, role, projects, inviter_id, code_hash, \
        wrong_codes, created_at_ms, expires_at_ms, state \
        from invitations where tenant_id = $1 and invitation_id = $2";
    LIST_OPEN = "select invitation_id, email, role, projects, inviter_id, code_hash, wrong_codes, \
        created_at_ms, expires_at_ms, state from invitations \
        where tenant_id = $1 and state = 'open' and expires_at_ms > $2 and invitation_id > $3 \
        order by invitation_id limit $4";
    COUNT_OPEN = "select count(*) from invitations \
        where tenant_id = $1 and state = 'open' and expires_at_ms > $2";
    COUNT_WRONG = "update invitations set wrong_codes = wrong_codes + 1 \
        where tenant_id = $1 and invitation_id = $2 and state = 'open' returning wrong_codes";
    SETTLE = "update invitations set state = $3, settled_at_ms = $4 \
        where tenant_id = $1 and invitation_id = $2 and state = 'open'";
}

impl Invitations<'_> {
    /// Stores an invitation.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(
        &mut self,
        permit: Permit<Invite>,
        new: &NewInvitation,
    ) -> Result<Invitation, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        self.bound.change_one(
            &CREATE,
            values![
                new.id,
                &act.email,
                act.role.as_str(),
                json(&act.projects)?,
                new.inviter,
                new.code_hash,
                now,
                new.expires_at,
            ],
        )?;
        Ok(Invitation {
            id: new.id,
            email: act.email,
            role: act.role,
            projects: act.projects,
            inviter: new.inviter,
            code_hash: new.code_hash,
            wrong_codes: 0,
            created_at: now,
            expires_at: new.expires_at,
            state: InvitationState::Open,
        })
    }

    /// One invitation, in whatever state.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(Invitation::from_row).transpose()
    }

    /// One invitation, locked until the transaction ends: before it is accepted or taken back.
    ///
    /// # Errors
    /// The engine's.
    pub fn lock(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        self.bound.one(&LOCK, values![id])?.map(Invitation::from_row).transpose()
    }

    /// Open invitations that have not expired, in the order they were sent.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, page: Page<InvitationId>) -> Result<Listing<Invitation>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), InvitationId::uuid);
        let now = self.bound.now();
        let rows = self.bound.rows(&LIST_OPEN, values![now, after, page.fetched()])?;
        page.listing(rows, Invitation::from_row)
    }

    /// How many are open.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_open(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.one(&COUNT_OPEN, values![now])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Counts one more code that is about to be judged; the number so far, or `None` when it is not
    /// open. One statement, committed before the code is compared, so that parallel guesses all
    /// count.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_wrong_code(&mut self, id: InvitationId) -> Result<Option<u32>, StoreError> {
        self.bound.one(&COUNT_WRONG, values![id])?.map(|mut row| row.small()).transpose()
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it is not open.
    pub fn revoke(
        &mut self,
        permit: Permit<RevokeInvitation>,
    ) -> Result<RevokeInvitation, StoreError> {
        let act = permit.into_inner();
        self.settle(act.invitation, InvitationState::Revoked)?;
        Ok(act)
    }

    /// Marks an invitation as used. The newcomer comes in by `members().insert(permit, …)`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it is not open.
    pub fn accept(&mut self, id: InvitationId) -> Result<(), StoreError> {
        self.settle(id, InvitationState::Accepted)
    }

    fn settle(&mut self, id: InvitationId, state: InvitationState) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.change_one(&SETTLE, values![id, state.as_str(), now])
    }
}

//! Who is in the team, with which rank and overrides, and the authority a rule needs to decide.
//!
//! Always true
//! 1. Exactly one owner: a partial unique index forbids a second, and no statement here removes or
//!    demotes the first except the transfer.
//! 2. Nobody has a standing in a workspace that is deleted, so no rule says yes in one.
//! 3. Every change names the state it was decided on (`role = …`), so a permit decided on other
//!    facts changes nothing and fails.

use std::collections::BTreeSet;

use domain::authz::{
    AcceptInvitation, ActSet, Authority, ChangeRole, Overrides, Permit, Provision, RemoveMember,
    Role, SetOverrides, Standing, TransferOwnership,
};
use domain::{Actor, EmailAddress, ProjectId, TimeMs, UserId};

use super::handle;
use crate::page::{Listing, Page};
use crate::sql::tenant_statements;
use crate::value::{Row, json, values};
use crate::{StoreError, tenant::keys};

handle! {
    /// The team's members.
    pub Members
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user: UserId,
    /// The address they joined with.
    pub email: EmailAddress,
    /// Their rank.
    pub role: Role,
    /// Single acts granted or denied.
    pub overrides: Overrides,
    /// When they joined.
    pub joined_at: TimeMs,
    /// When their rank or overrides last changed.
    pub updated_at: TimeMs,
}

/// Somebody who joins by an accepted invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The address they are shown by in the team.
    pub email: EmailAddress,
}

impl Member {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            user: row.id()?,
            email: row.parsed()?,
            role: row.parsed()?,
            overrides: row.json()?,
            joined_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

tenant_statements! { "members":
    FIND = "select user_id, email, role, overrides, joined_at_ms, updated_at_ms \
        from members where tenant_id = $1 and user_id = $2";
    LIST = "select user_id, email, role, overrides, joined_at_ms, updated_at_ms \
        from members where tenant_id = $1 and user_id > $2 order by user_id limit $3";
    COUNT = "select count(*) from members where tenant_id = $1";
    STANDING = "select m.user_id, m.email, m.role, m.overrides, m.joined_at_ms, m.updated_at_ms \
        from members m join team t on t.tenant_id = $1 and t.state = 'active' \
        where m.tenant_id = $1 and m.user_id = $2";
    PROJECTS = "select project_id from project_members where tenant_id = $1 and user_id = $2";
    INSERT = "insert into members \
        (tenant_id, user_id, email, role, overrides, joined_at_ms, updated_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $6)";
    JOIN_PROJECT = "insert into project_members \
        (tenant_id, project_id, user_id, added_at_ms) values ($1, $2, $3, $4)";
    CHANGE_ROLE = "update members set role = $4, overrides = $5, updated_at_ms = $6 \
        where tenant_id = $1 and user_id = $2 and role = $3 and role <> 'owner'";
    SET_OVERRIDES = "update members set overrides = $3, updated_at_ms = $4 \
        where tenant_id = $1 and user_id = $2";
    LEAVE_PROJECTS = "delete from project_members where tenant_id = $1 and user_id = $2";
    REMOVE = "delete from members \
        where tenant_id = $1 and user_id = $2 and role = $3 and role <> 'owner'";
    TRANSFER_AWAY = "update members set role = 'admin', overrides = $3, updated_at_ms = $4 \
        where tenant_id = $1 and user_id = $2 and role = 'owner'";
    TRANSFER_TO = "update members set role = 'owner', overrides = $4, updated_at_ms = $5 \
        where tenant_id = $1 and user_id = $2 and role = $3";
}

impl Members<'_> {
    /// Everything a rule needs to know about this actor. `None`: the person behind it is not in the
    /// team, or the key is unknown, revoked or expired. `factor_at` is the session's last factor;
    /// it is ignored for keys and jobs, which have none.
    ///
    /// # Errors
    /// The engine's.
    pub fn authority(
        &mut self,
        actor: &Actor,
        factor_at: Option<TimeMs>,
    ) -> Result<Option<Authority>, StoreError> {
        let now = self.bound.now();
        let ceiling: Option<ActSet> = match actor {
            Actor::Key { key, creator } => {
                let found = keys::Keys::new(self.bound).usable(*key)?;
                match found.filter(|key| key.creator == *creator) {
                    Some(key) => Some(key.scopes),
                    None => return Ok(None),
                }
            }
            Actor::User { .. } | Actor::Job { .. } => None,
        };
        let factor_at = match actor {
            Actor::User { .. } => factor_at,
            Actor::Key { .. } | Actor::Job { .. } => None,
        };
        let standing = self.standing(actor.principal())?;
        Ok(standing.map(|standing| Authority { standing, ceiling, factor_at, now }))
    }

    /// A member's place in the team, for a rule. `None`: not in the team, or the workspace is
    /// deleted.
    ///
    /// # Errors
    /// The engine's.
    pub fn standing(&mut self, user: UserId) -> Result<Option<Standing>, StoreError> {
        let Some(row) = self.bound.one(&STANDING, values![user])? else { return Ok(None) };
        let member = Member::from_row(row)?;
        let projects = self
            .bound
            .rows(&PROJECTS, values![user])?
            .into_iter()
            .map(|mut row| row.id())
            .collect::<Result<BTreeSet<ProjectId>, _>>()?;
        let Member { user, role, overrides, .. } = member;
        Ok(Some(Standing { user, role, overrides, projects }))
    }

    /// One member.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, user: UserId) -> Result<Option<Member>, StoreError> {
        self.bound.one(&FIND, values![user])?.map(Member::from_row).transpose()
    }

    /// The team, in the order of the members' ids.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, page: Page<UserId>) -> Result<Listing<Member>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), UserId::uuid);
        let rows = self.bound.rows(&LIST, values![after, page.fetched()])?;
        page.listing(rows, Member::from_row)
    }

    /// How many members there are.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        self.bound.one(&COUNT, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Lets somebody in by an accepted invitation, into its projects too.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: a member already, or a project is gone.
    pub fn insert(
        &mut self,
        permit: Permit<AcceptInvitation>,
        newcomer: &Newcomer,
    ) -> Result<AcceptInvitation, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        let none = json(&Overrides::default())?;
        self.bound.change_one(
            &INSERT,
            values![act.user, &newcomer.email, act.role.as_str(), none, now],
        )?;
        for project in &act.projects {
            self.bound.change_one(&JOIN_PROJECT, values![*project, act.user, now])?;
        }
        Ok(act)
    }

    /// Lets somebody in for whom an identity provider vouches; into no project.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: a member already.
    pub fn provision(
        &mut self,
        permit: Permit<Provision>,
        newcomer: &Newcomer,
    ) -> Result<Provision, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        let none = json(&Overrides::default())?;
        self.bound.change_one(
            &INSERT,
            values![act.user, &newcomer.email, act.role.as_str(), none, now],
        )?;
        Ok(act)
    }

    /// Changes a role.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the member no longer has the role the rule was asked about.
    pub fn change_role(&mut self, permit: Permit<ChangeRole>) -> Result<ChangeRole, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        let remaining = json(&act.remaining)?;
        self.bound.change_one(
            &CHANGE_ROLE,
            values![act.target, act.from.as_str(), act.to.as_str(), remaining, now],
        )?;
        Ok(act)
    }

    /// Replaces a member's overrides.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: not a member.
    pub fn set_overrides(
        &mut self,
        permit: Permit<SetOverrides>,
    ) -> Result<SetOverrides, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        self.bound.change_one(&SET_OVERRIDES, values![act.target, json(&act.to)?, now])?;
        Ok(act)
    }

    /// Removes a member, from every project too.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the member no longer has the role the rule was asked about.
    pub fn remove(&mut self, permit: Permit<RemoveMember>) -> Result<RemoveMember, StoreError> {
        let act = permit.into_inner();
        self.bound.run(&LEAVE_PROJECTS, values![act.target])?;
        self.bound.change_one(&REMOVE, values![act.target, act.role.as_str()])?;
        Ok(act)
    }

    /// Hands the workspace over: the old owner becomes an admin, and both lose their overrides.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: either no longer has the role the rule was asked about.
    pub fn transfer(
        &mut self,
        permit: Permit<TransferOwnership>,
    ) -> Result<TransferOwnership, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        let none = json(&Overrides::default())?;
        self.bound.change_one(&TRANSFER_AWAY, values![act.from, none.clone(), now])?;
        self.bound.change_one(&TRANSFER_TO, values![act.to, act.to_role.as_str(), none, now])?;
        Ok(act)
    }
}

//! The workspace itself: its name, its settings, and the row that every change of membership locks.
//!
//! Always true: one row per unit; a deleted workspace keeps its row, so that its log stays
//! explained.

use std::str::FromStr;

use domain::authz::{DeleteWorkspace, Overrides, Permit, Role, UpdateWorkspace};
use domain::{EmailAddress, Name, TimeMs, UserId};

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::{Row, json, values};

handle! {
    /// The workspace's own row.
    pub Team
}

/// Whether the workspace is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamState {
    /// In use.
    Active,
    /// Deleted by its owner; nothing in it can be used.
    Deleted,
}

impl FromStr for TeamState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "active" => Ok(Self::Active),
            "deleted" => Ok(Self::Deleted),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// A workspace's name and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamSettings {
    /// What it is called.
    pub name: Name,
    /// Whether it is in use.
    pub state: TeamState,
    /// Whether `secret.use_locally` may open production secrets.
    pub production_local_use: bool,
    /// Whether a session that a device authorization began may enter.
    pub device_sign_in: bool,
    /// When it was created.
    pub created_at: TimeMs,
    /// When a setting last changed.
    pub updated_at: TimeMs,
}

impl TeamSettings {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.parsed()?,
            state: row.parsed()?,
            production_local_use: row.flag()?,
            device_sign_in: row.flag()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

tenant_statements! { "team":
    LOCK locking = "select state from team where tenant_id = $1";
    SETTINGS = "select name, state, production_local_use, device_sign_in, created_at_ms, \
        updated_at_ms from team where tenant_id = $1";
    CREATE = "insert into team \
        (tenant_id, name, state, production_local_use, created_at_ms, updated_at_ms) \
        values ($1, $2, 'active', 0, $3, $3) on conflict do nothing";
    CREATE_OWNER = "insert into members \
        (tenant_id, user_id, email, role, overrides, joined_at_ms, updated_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $6)";
    UPDATE = "update team set production_local_use = $2, updated_at_ms = $3, \
        device_sign_in = coalesce($4, device_sign_in) \
        where tenant_id = $1 and state = 'active'";
    MARK_DELETED = "update team set state = 'deleted', updated_at_ms = $2 \
        where tenant_id = $1 and state = 'active'";
}

impl Team<'_> {
    /// Locks the team: the first call of every change of membership, so that two of them never
    /// judge the same facts. `None` when the workspace was never born.
    ///
    /// # Errors
    /// [`StoreError::Busy`]: another change held the lock for too long.
    pub fn lock(&mut self) -> Result<Option<TeamState>, StoreError> {
        self.bound.one(&LOCK, values![])?.map(|mut row| row.parsed()).transpose()
    }

    /// Name and settings; `None` when the workspace was never born.
    ///
    /// # Errors
    /// The engine's.
    pub fn settings(&mut self) -> Result<Option<TeamSettings>, StoreError> {
        self.bound.one(&SETTINGS, values![])?.map(TeamSettings::from_row).transpose()
    }

    /// Workspace birth: the team's row and its owner. `false` when it was born before; then nothing
    /// changed.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(
        &mut self,
        name: &Name,
        owner: UserId,
        email: &EmailAddress,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        if !self.bound.change_if(&CREATE, values![name, now])? {
            return Ok(false);
        }
        let overrides = json(&Overrides::default())?;
        self.bound.change_one(
            &CREATE_OWNER,
            values![owner, email, Role::Owner.as_str(), overrides, now],
        )?;
        Ok(true)
    }

    /// Changes settings.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the workspace is not in use.
    pub fn update_settings(
        &mut self,
        permit: Permit<UpdateWorkspace>,
    ) -> Result<UpdateWorkspace, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        self.bound.change_one(
            &UPDATE,
            values![act.production_local_use, now, act.device_sign_in.map(i64::from)],
        )?;
        Ok(act)
    }

    /// Deletes the workspace: nothing in it can be used from now on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it is not in use.
    pub fn mark_deleted(&mut self, permit: Permit<DeleteWorkspace>) -> Result<(), StoreError> {
        let DeleteWorkspace {} = permit.into_inner();
        let now = self.bound.now();
        self.bound.change_one(&MARK_DELETED, values![now])
    }
}

//! Which workspaces exist: the platform's hint about each unit.
//!
//! Always true: a workspace is reserved here before its unit exists and confirmed after its team
//! was born, so a crash in between leaves a row that start-up finishes or removes. The unit's own
//! rows decide everything.

use std::str::FromStr;

use domain::{Name, TenantId, TimeMs, UserId};

use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Which workspaces exist.
    pub Workspaces
}

/// How far a workspace has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceState {
    /// Its id is taken; its team may not be born yet.
    Reserved,
    /// In use.
    Active,
    /// Deleted by its owner.
    Deleted,
}

impl FromStr for WorkspaceState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "reserved" => Ok(Self::Reserved),
            "active" => Ok(Self::Active),
            "deleted" => Ok(Self::Deleted),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// A workspace, as the platform knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: TenantId,
    /// What it is called.
    pub name: Name,
    /// Who owns it, as far as the platform was told.
    pub owner: UserId,
    /// How far it has come.
    pub state: WorkspaceState,
    /// When its id was taken.
    pub reserved_at: TimeMs,
}

impl Workspace {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            name: row.parsed()?,
            owner: row.id()?,
            state: row.parsed()?,
            reserved_at: row.time()?,
        })
    }
}

platform_statements! { "workspaces", "the list of units has to be known before one can be opened":
    RESERVE = "insert into workspaces (workspace_id, name, owner_id, state, reserved_at_ms, \
        settled_at_ms) values ($1, $2, $3, 'reserved', $4, null)";
    CONFIRM = "update workspaces set state = 'active', settled_at_ms = $2 \
        where workspace_id = $1 and state = 'reserved'";
    RELEASE = "delete from workspaces where workspace_id = $1 and state = 'reserved'";
    MARK_DELETED = "update workspaces set state = 'deleted', settled_at_ms = $2 \
        where workspace_id = $1 and state = 'active'";
    SET_OWNER = "update workspaces set owner_id = $2 where workspace_id = $1";
    FIND = "select workspace_id, name, owner_id, state, reserved_at_ms \
        from workspaces where workspace_id = $1";
    LIST = "select workspace_id, name, owner_id, state, reserved_at_ms \
        from workspaces where workspace_id > $1 order by workspace_id limit $2";
    LIST_RESERVED = "select workspace_id, name, owner_id, state, reserved_at_ms \
        from workspaces where state = 'reserved' and reserved_at_ms < $1 order by workspace_id";
    COUNT_OWNED = "select count(*) from workspaces where owner_id = $1 and state <> 'deleted'";
}

impl Workspaces<'_> {
    /// Takes an id for a workspace that is about to be born.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the id is taken.
    pub fn reserve(&mut self, id: TenantId, name: &Name, owner: UserId) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(&RESERVE, values![id, name, owner, now])
    }

    /// The team was born: the workspace is in use. `false`: it was confirmed before.
    ///
    /// # Errors
    /// The engine's.
    pub fn confirm(&mut self, id: TenantId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&CONFIRM, values![id, now])
    }

    /// The team was never born: the id is free again.
    ///
    /// # Errors
    /// The engine's.
    pub fn release(&mut self, id: TenantId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&RELEASE, values![id])
    }

    /// The owner deleted the workspace.
    ///
    /// # Errors
    /// The engine's.
    pub fn mark_deleted(&mut self, id: TenantId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&MARK_DELETED, values![id, now])
    }

    /// The workspace was handed over.
    ///
    /// # Errors
    /// The engine's.
    pub fn set_owner(&mut self, id: TenantId, owner: UserId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&SET_OWNER, values![id, owner])
    }

    /// One workspace.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: TenantId) -> Result<Option<Workspace>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(Workspace::from_row).transpose()
    }

    /// Every workspace in whatever state, in the order they were reserved.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, page: Page<TenantId>) -> Result<Listing<Workspace>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), TenantId::uuid);
        let rows = self.bound.platform_rows(&LIST, values![after, page.fetched()])?;
        page.listing(rows, Workspace::from_row)
    }

    /// Workspaces reserved before `before` whose birth was not confirmed.
    ///
    /// # Errors
    /// The engine's.
    pub fn unborn(&mut self, before: TimeMs) -> Result<Vec<Workspace>, StoreError> {
        let rows = self.bound.platform_rows(&LIST_RESERVED, values![before])?;
        rows.into_iter().map(Workspace::from_row).collect()
    }

    /// How many workspaces a person owns.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_owned(&mut self, owner: UserId) -> Result<u64, StoreError> {
        self.bound.platform_one(&COUNT_OWNED, values![owner])?.map_or(Ok(0), |mut row| row.count())
    }
}

//! Which tenant a credential belongs to: asked before any tenant is known.
//!
//! Always true: a row gives a tenant's id for an id that its holder already has, and nothing else.
//! Why this is a platform statement and not a role of its own:
//! `docs/decisions/0003-lookup-is-a-platform-statement.md`.

use domain::{ApiKeyId, InvitationId, TenantId, TimeMs};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// Which tenant an invitation belongs to.
    pub InvitationIndex
}

handle! {
    /// Which tenant an API key belongs to.
    pub KeyIndex
}

platform_statements! { "indexes", "a credential names no tenant; the tenant is found by its id":
    ADD_INVITATION = "insert into invitation_index (invitation_id, workspace_id, expires_at_ms) \
        values ($1, $2, $3) on conflict do nothing";
    FIND_INVITATION = "select workspace_id from invitation_index where invitation_id = $1";
    REMOVE_INVITATION = "delete from invitation_index where invitation_id = $1";
    SWEEP_INVITATIONS = "delete from invitation_index where expires_at_ms < $1";
    ADD_KEY = "insert into key_index (key_id, workspace_id) values ($1, $2) \
        on conflict do nothing";
    FIND_KEY = "select workspace_id from key_index where key_id = $1";
    REMOVE_KEY = "delete from key_index where key_id = $1";
}

impl InvitationIndex<'_> {
    /// Notes whose an invitation is. Repeating it changes nothing.
    ///
    /// # Errors
    /// The engine's.
    pub fn add(
        &mut self,
        id: InvitationId,
        workspace: TenantId,
        expires_at: TimeMs,
    ) -> Result<(), StoreError> {
        self.bound.platform_run(&ADD_INVITATION, values![id, workspace, expires_at]).map(drop)
    }

    /// Whose an invitation is.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: InvitationId) -> Result<Option<TenantId>, StoreError> {
        self.bound.platform_one(&FIND_INVITATION, values![id])?.map(|mut row| row.id()).transpose()
    }

    /// Forgets an invitation that was used or taken back.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, id: InvitationId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&REMOVE_INVITATION, values![id])
    }

    /// Forgets invitations past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP_INVITATIONS, values![now])
    }
}

impl KeyIndex<'_> {
    /// Notes whose a key is. Repeating it changes nothing.
    ///
    /// # Errors
    /// The engine's.
    pub fn add(&mut self, id: ApiKeyId, workspace: TenantId) -> Result<(), StoreError> {
        self.bound.platform_run(&ADD_KEY, values![id, workspace]).map(drop)
    }

    /// Whose a key is.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: ApiKeyId) -> Result<Option<TenantId>, StoreError> {
        self.bound.platform_one(&FIND_KEY, values![id])?.map(|mut row| row.id()).transpose()
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, id: ApiKeyId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&REMOVE_KEY, values![id])
    }
}

//! How the person of a session signed in: what every workspace's door judges.
//!
//! Always true: a session that says nothing was begun by what is enrolled here.

use domain::sign_in::SignInPath;
use domain::{SessionId, TenantId, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{json, values};

handle! {
    /// How the people of sessions signed in.
    pub SessionPaths
}

platform_statements! { "session_paths", "a session is of a person, who enters workspaces":
    NOTE = "update sessions set sign_in_path = $2 where session_id = $1";
    FIND = "select sign_in_path from sessions where session_id = $1";
    PUT_OUT = "update sessions set workspace_id = null, epoch = epoch + 1 \
        where workspace_id = $1 and sign_in_path is null and user_id <> $2 \
        and revoked_at_ms is null returning session_id, epoch";
}

impl SessionPaths<'_> {
    /// Notes how a session that was just made began.
    ///
    /// # Errors
    /// The engine's.
    pub fn note(&mut self, session: SessionId, path: &SignInPath) -> Result<(), StoreError> {
        self.bound.platform_change_one(&NOTE, values![session, json(path)?])
    }

    /// How a session began.
    ///
    /// # Errors
    /// The engine's.
    pub fn of(&mut self, session: SessionId) -> Result<SignInPath, StoreError> {
        let Some(mut row) = self.bound.platform_one(&FIND, values![session])? else {
            return Ok(SignInPath::Local);
        };
        let text = row.optional_text()?;
        text.map_or(Ok(SignInPath::Local), |text| {
            serde_json::from_str(&text).map_err(|_| StoreError::Corrupt)
        })
    }

    /// Puts everybody but the owner, who came by what is enrolled here, out of a workspace; their
    /// sessions stay. Which, with their new epochs.
    ///
    /// # Errors
    /// The engine's.
    pub fn put_out(
        &mut self,
        workspace: TenantId,
        owner: UserId,
    ) -> Result<Vec<(SessionId, i64)>, StoreError> {
        let rows = self.bound.platform_rows(&PUT_OUT, values![workspace, owner])?;
        rows.into_iter().map(|mut row| Ok((row.id()?, row.int()?))).collect()
    }
}

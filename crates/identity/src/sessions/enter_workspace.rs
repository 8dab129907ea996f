//! Binds a session to a workspace, or to another one.
//!
//! Always true: membership is asked in the workspace's own unit; the platform's hint opens nothing.
//! Tokens bound to the workspace of before end.

use broker::BrokerError;
use domain::sign_in::{Entry, EntryDenied};
use domain::{AccountScope, Actor, Scope, TenantId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, QuietReason, Revoked, StoreError};

use super::AccountError;
use super::tokens::{self, SessionTokens};
use crate::code;
use crate::identity::Identity;
use crate::sso::door::{self, DoorError};

/// Why a workspace was not entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnterError {
    /// There is no such workspace, or the caller is not in it.
    #[error("there is no such workspace, or it is not visible to the caller")]
    NotVisible,
    /// The workspace does not take a session that began like this one.
    #[error(transparent)]
    Denied(#[from] EntryDenied),
    /// The session was ended a moment ago.
    #[error("the session was ended")]
    Ended,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl EnterError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotVisible => "not_found",
            Self::Denied(denied) => code::of_entry(denied),
            Self::Ended => "auth.revoked",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<AccountError> for EnterError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Sealing(error) => Self::Sealing(error),
            AccountError::Store(error) => Self::Store(error),
            AccountError::Ended
            | AccountError::NotVisible
            | AccountError::Confined
            | AccountError::LimitReached { .. } => Self::Ended,
        }
    }
}

/// Enters a workspace that the caller is a member of. The answer holds tokens bound to it.
///
/// # Errors
/// [`EnterError`].
pub async fn enter_workspace(
    identity: &Identity,
    account: &AccountScope,
    workspace: TenantId,
) -> Result<Committed<SessionTokens>, EnterError> {
    let entry = member(identity, account, workspace).await?;
    let scope = account.clone();
    let entered = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let before = super::own_confined_too(tx, &scope)?;
            if !tx.sessions().enter(before.id, Some(workspace))? {
                return Err(EnterError::Ended);
            }
            let session = tx.sessions().find(before.id)?.ok_or(EnterError::Ended)?;
            let revoked = Revoked::Session { session: session.id, epoch: session.epoch };
            tx.revocations().add(revoked)?;
            let event = AuditEvent::new(Verb::SessionEnteredWorkspace, "session", session.id)
                .old_value(json!({ "workspace": before.workspace }))
                .new_value(entered_value(workspace, entry));
            Ok(Commit::audited(event, session))
        })
        .await?;
    let handed = tokens::issue(identity, &entered.value).await?;
    Ok(entered.map(|_| handed))
}

/// What the entry says. An owner who comes by password where members may not is seen there.
fn entered_value(workspace: TenantId, entry: Entry) -> serde_json::Value {
    match entry {
        Entry::Ordinary => json!({ "workspace": workspace }),
        Entry::BreakGlass => json!({ "workspace": workspace, "break_glass": true }),
    }
}

/// Whether the caller is in the team, and how they come in. A hint that says so although they are
/// not is taken away.
#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
async fn member(
    identity: &Identity,
    account: &AccountScope,
    workspace: TenantId,
) -> Result<Entry, EnterError> {
    let (user, session) = (account.user(), account.session());
    let actor = Actor::User { user, session };
    let scope = Scope::authenticated(workspace, actor, account.origin().clone());
    let path = identity.store.platform_read(move |tx| tx.session_paths().of(session)).await?;
    match door::enters(&identity.store, &scope, &path).await {
        Ok(entry) => Ok(entry),
        Err(DoorError::Denied(denied)) => Err(EnterError::Denied(denied)),
        Err(DoorError::Store(error)) => Err(EnterError::Store(error)),
        Err(DoorError::Sealing(error)) => Err(EnterError::Sealing(error)),
        Err(DoorError::NotVisible) => {
            identity
                .store
                .platform_write(&Caller::from(account), move |tx| {
                    tx.memberships().remove(user, workspace)?;
                    Ok::<_, EnterError>(Commit::quiet(QuietReason::Hint, ()))
                })
                .await?;
            Err(EnterError::NotVisible)
        }
    }
}

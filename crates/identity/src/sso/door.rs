//! A workspace's door: membership first, then the workspace's own policy on how the person of the
//! session signed in.
//!
//! Always true: both are asked in the workspace's own unit, each time somebody comes in.

use broker::BrokerError;
use domain::Scope;
use domain::sign_in::{Entry, EntryDenied, SignInPath, judge_entry};
use store::{Store, StoreError};

use crate::team::{self, TeamError};

/// Why somebody stays outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DoorError {
    #[error("there is no such workspace, or it is not visible to the caller")]
    NotVisible,
    #[error(transparent)]
    Denied(#[from] EntryDenied),
    #[error("the key broker could not be asked")]
    Sealing(BrokerError),
    #[error("the store failed")]
    Store(StoreError),
}

impl From<TeamError> for DoorError {
    fn from(error: TeamError) -> Self {
        match error {
            TeamError::Store(error) => Self::Store(error),
            TeamError::Sealing(error) => Self::Sealing(error),
            TeamError::NotVisible
            | TeamError::Refused(_)
            | TeamError::LimitReached { .. }
            | TeamError::Bound { .. }
            | TeamError::Exists => Self::NotVisible,
        }
    }
}

impl From<StoreError> for DoorError {
    fn from(error: StoreError) -> Self {
        TeamError::from(error).into()
    }
}

/// Whether the actor of this scope may come in by a session that began like this.
///
/// # Errors
/// [`DoorError`].
pub(crate) async fn enters(
    store: &Store,
    scope: &Scope,
    path: &SignInPath,
) -> Result<Entry, DoorError> {
    let path = path.clone();
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, None)?;
            let policy = tx.sign_in_policy().get()?.policy;
            let workspace = tx.scope().tenant();
            Ok(judge_entry(&policy, workspace, actor.standing.role, &path)?)
        })
        .await
}

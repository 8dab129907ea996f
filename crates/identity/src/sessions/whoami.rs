//! Tells a caller who they are.

use domain::authz::{ActSet, Role};
use domain::{ApiKeyId, EmailAddress, Name, Scope, SessionId, TenantId, TimeMs, UserId};

use crate::identity::Identity;
use crate::principal::Principal;
use crate::team::{self, TeamError};

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whoami {
    /// A person.
    Person {
        /// Their id.
        user: UserId,
        /// Their address.
        email: EmailAddress,
        /// Their session.
        session: SessionId,
        /// When they last gave a second factor.
        factor_at: TimeMs,
        /// Backup codes they have not used.
        backup_codes_left: u64,
        /// The workspace their session has entered, if they are in it still.
        workspace: Option<Place>,
    },
    /// An API key.
    Key {
        /// Its id.
        key: ApiKeyId,
        /// What its creator calls it.
        name: String,
        /// What it may do at most.
        scopes: ActSet,
        /// Who made it.
        creator: UserId,
        /// The workspace, with its creator's role.
        workspace: Place,
    },
}

/// Somebody's place in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The workspace.
    pub workspace: TenantId,
    /// Its name.
    pub name: Name,
    /// The rank there.
    pub role: Role,
}

/// Who the caller is, and where.
///
/// # Errors
/// [`TeamError`].
pub async fn whoami(identity: &Identity, principal: &Principal) -> Result<Whoami, TeamError> {
    match principal {
        Principal::Person { account, factor_at, workspace } => {
            let user = account.user();
            let read = identity.store.platform_read(move |tx| {
                let found = tx.users().find(user)?.ok_or(TeamError::NotVisible)?;
                Ok::<_, TeamError>((found.email, tx.backup_codes().left(user)?))
            });
            let (email, backup_codes_left) = read.await?;
            let workspace = match workspace {
                Some(scope) => optional(place(identity, scope).await)?,
                None => None,
            };
            let (session, factor_at) = (account.session(), *factor_at);
            Ok(Whoami::Person { user, email, session, factor_at, backup_codes_left, workspace })
        }
        Principal::Key { scope } => key(identity, scope).await,
    }
}

async fn key(identity: &Identity, scope: &Scope) -> Result<Whoami, TeamError> {
    let domain::Actor::Key { key, .. } = *scope.actor() else {
        return Err(TeamError::NotVisible);
    };
    let workspace = place(identity, scope).await?;
    let row = identity
        .store
        .read(scope, move |tx| tx.keys().usable(key)?.ok_or(TeamError::NotVisible))
        .await?;
    let (name, scopes, creator) = (row.name, row.scopes, row.creator);
    Ok(Whoami::Key { key, name, scopes, creator, workspace })
}

async fn place(identity: &Identity, scope: &Scope) -> Result<Place, TeamError> {
    identity
        .store
        .read(scope, |tx| {
            let actor = team::actor(tx, None)?;
            let settings = tx.team().settings()?.ok_or(TeamError::NotVisible)?;
            let (workspace, role) = (tx.scope().tenant(), actor.standing.role);
            Ok(Place { workspace, name: settings.name, role })
        })
        .await
}

/// A workspace one is no longer in is no workspace, and no failure.
fn optional(place: Result<Place, TeamError>) -> Result<Option<Place>, TeamError> {
    match place {
        Ok(place) => Ok(Some(place)),
        Err(TeamError::NotVisible) => Ok(None),
        Err(error) => Err(error),
    }
}

//! `GET /v1/whoami`

use axum::extract::State;
use domain::authz::{ActSet, Role};
use domain::{ApiKeyId, EmailAddress, Name, SessionId, TenantId, TimeMs, UserId};
use identity::TeamError;
use identity::sessions::{Whoami, whoami};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::caller::Anybody;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Who is asking: a person or a key, and where.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhoamiAnswer {
    /// The person, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<SignedInUser>,
    /// The API key, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PresentedKey>,
    /// The workspace, when the caller is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<EnteredWorkspace>,
}

/// A signed-in person.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInUser {
    /// Their id.
    #[schema(value_type = shapes::IdText)]
    pub id: UserId,
    /// Their address.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// The session.
    #[schema(value_type = shapes::IdText)]
    pub session_id: SessionId,
    /// When they last gave a second factor.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub factor_at_ms: TimeMs,
    /// Backup codes that were not used yet.
    pub backup_codes_left: u64,
}

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresentedKey {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: ApiKeyId,
    /// What it is called.
    pub name: String,
    /// What it may do at most.
    #[schema(value_type = Vec<shapes::ActText>)]
    pub scopes: ActSet,
    /// Who made it.
    #[schema(value_type = shapes::IdText)]
    pub creator_id: UserId,
}

/// The workspace of a credential.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnteredWorkspace {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: TenantId,
    /// Its name.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// The rank there: for a key, its creator's.
    #[schema(value_type = shapes::RoleText)]
    pub role: Role,
}

impl From<Whoami> for WhoamiAnswer {
    fn from(whoami: Whoami) -> Self {
        match whoami {
            Whoami::Person { user, email, session, factor_at, backup_codes_left, workspace } => {
                Self {
                    user: Some(SignedInUser {
                        id: user,
                        email,
                        session_id: session,
                        factor_at_ms: factor_at,
                        backup_codes_left,
                    }),
                    key: None,
                    workspace: workspace.map(|place| EnteredWorkspace {
                        id: place.workspace,
                        name: place.name,
                        role: place.role,
                    }),
                }
            }
            Whoami::Key { key, name, scopes, creator, workspace } => Self {
                user: None,
                key: Some(PresentedKey { id: key, name, scopes, creator_id: creator }),
                workspace: Some(EnteredWorkspace {
                    id: workspace.workspace,
                    name: workspace.name,
                    role: workspace.role,
                }),
            },
        }
    }
}

/// Who is asking, and in which workspace
#[utoipa::path(
    get, path = "/v1/whoami", operation_id = "whoami_get", tag = "sessions",
    security(("session" = []), ("key" = []))
)]
pub async fn get(
    State(house): State<House>,
    caller: Anybody,
) -> Result<Reply<200, WhoamiAnswer>, Refused<TeamError>> {
    let found = whoami(house.identity(), &caller.0).await?;
    Ok(Reply::new(found.into()))
}

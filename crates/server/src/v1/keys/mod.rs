//! `/v1/keys`: API keys of the workspace.

pub mod create;
pub mod list;
pub mod revoke;

use domain::authz::ActSet;
use domain::{ApiKeyId, TimeMs, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(revoke::revoke))
}

/// The key of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct KeyPath {
    /// The key.
    #[param(value_type = shapes::IdText)]
    pub key: ApiKeyId,
}

/// An API key, without its secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: ApiKeyId,
    /// What it is called, for people.
    #[schema(example = "deploy")]
    pub name: String,
    /// What it may do at most.
    #[schema(value_type = Vec<shapes::ActText>)]
    pub scopes: ActSet,
    /// Who made it; it never does more than they may.
    #[schema(value_type = shapes::IdText)]
    pub creator_id: UserId,
    /// When it was made.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
    /// When it ends, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub expires_at_ms: Option<TimeMs>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub last_used_at_ms: Option<TimeMs>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub revoked_at_ms: Option<TimeMs>,
}

impl From<store::ApiKey> for Key {
    fn from(key: store::ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            creator_id: key.creator,
            created_at_ms: key.created_at,
            expires_at_ms: key.expires_at,
            last_used_at_ms: key.last_used_at,
            revoked_at_ms: key.revoked_at,
        }
    }
}

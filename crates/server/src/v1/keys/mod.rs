//! `/v1/keys`: API keys of the workspace.

pub mod create;
pub mod list;
pub mod revoke;
pub mod rotate;

use domain::authz::ActSet;
use domain::{ApiKeyId, Networks, TimeMs, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(revoke::revoke))
        .routes(routes!(rotate::rotate))
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
    /// Its last four characters; empty for a key of before they were kept.
    #[serde(default)]
    #[schema(example = "0Zk3")]
    pub last_four: String,
    /// What it may do at most.
    #[schema(value_type = Vec<shapes::ActText>)]
    pub scopes: ActSet,
    /// Where it may be used from; empty: everywhere.
    #[serde(default)]
    #[schema(value_type = Vec<shapes::NetworkText>, max_items = 16)]
    pub networks: Networks,
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
    /// The neighbourhood of its last use: 24 bits of IPv4, 48 of IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::NetworkText>)]
    pub last_used_network: Option<String>,
    /// The key it took over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::IdText>)]
    pub predecessor_id: Option<ApiKeyId>,
    /// The key that takes over from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::IdText>)]
    pub successor_id: Option<ApiKeyId>,
    /// When somebody who held it reported it as leaked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub reported_at_ms: Option<TimeMs>,
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
            last_four: key.last_four,
            scopes: key.scopes,
            networks: key.networks,
            creator_id: key.creator,
            created_at_ms: key.created_at,
            expires_at_ms: key.expires_at,
            last_used_at_ms: key.last_used_at,
            last_used_network: key.last_used_network,
            predecessor_id: key.predecessor,
            successor_id: key.successor,
            reported_at_ms: key.reported_at,
            revoked_at_ms: key.revoked_at,
        }
    }
}

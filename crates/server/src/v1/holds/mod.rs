//! `/v1/teams/{team}/holds`: what keeps the workspace's security log whole.

pub mod lift;
pub mod list;
pub mod place;

use domain::{HoldId, Reason, TenantId, TimeMs};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(place::place))
        .routes(routes!(lift::lift))
}

/// A hold of a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct HoldPath {
    /// The workspace.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// The hold.
    #[param(value_type = shapes::IdText)]
    pub hold: HoldId,
}

/// Why a hold is placed or lifted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "the matter of March" }))]
pub struct HoldReason {
    /// The reason, which the log keeps.
    #[schema(value_type = shapes::ReasonText)]
    pub reason: Reason,
}

/// Who placed a hold, and may lift it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldHolder {
    /// The workspace's owner.
    Owner,
    /// The platform's staff.
    Staff,
}

/// A hold: nothing of the security log is dropped while one stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: HoldId,
    /// Who may lift it.
    pub holder: HoldHolder,
    /// Why it was placed.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub placed_at_ms: TimeMs,
    /// Who lifted it; missing while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lifted_by: Option<String>,
    /// When it was lifted; missing while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>, nullable = false)]
    pub lifted_at_ms: Option<TimeMs>,
}

impl From<store::Hold> for Hold {
    fn from(hold: store::Hold) -> Self {
        Self {
            id: hold.id,
            holder: match hold.holder {
                store::Holder::Owner => HoldHolder::Owner,
                store::Holder::Staff => HoldHolder::Staff,
            },
            reason: hold.reason,
            placed_by: hold.placed_by,
            placed_at_ms: hold.placed_at,
            lifted_by: hold.lifted_by,
            lifted_at_ms: hold.lifted_at,
        }
    }
}

//! `/v1/teams/{team}/members`: who is in the team, with which rank.

pub mod change;
pub mod invite;
pub mod list;
pub mod remove;
pub mod transfer;

use domain::authz::{Override, Role};
use domain::{EmailAddress, ProjectId, TenantId, TimeMs, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, invite::invite))
        .routes(routes!(change::change, remove::remove))
        .routes(routes!(transfer::transfer))
}

/// The team of a path: the workspace's id.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TeamPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
}

/// A member of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct MemberPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// The member.
    #[param(value_type = shapes::IdText)]
    pub user: UserId,
}

/// A member of the team.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamMember {
    /// The person.
    #[schema(value_type = shapes::IdText)]
    pub user_id: UserId,
    /// The address they joined with.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// Their rank.
    #[schema(value_type = shapes::RoleText)]
    pub role: Role,
    /// Single acts granted or denied.
    #[schema(value_type = Vec<OverrideShape>)]
    pub overrides: Vec<Override>,
    /// When they joined.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub joined_at_ms: TimeMs,
    /// When their rank or overrides last changed; also the version that `If-Match` names.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub version: TimeMs,
}

impl From<store::Member> for TeamMember {
    fn from(member: store::Member) -> Self {
        Self {
            user_id: member.user,
            email: member.email,
            role: member.role,
            overrides: member.overrides.into(),
            joined_at_ms: member.joined_at,
            version: member.updated_at,
        }
    }
}

/// One act granted or denied to a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Override)]
#[expect(dead_code, reason = "the schema of domain::authz::Override, which knows no HTTP")]
pub(crate) struct OverrideShape {
    /// The act.
    #[schema(value_type = shapes::ActText)]
    act: domain::authz::Act,
    /// Granted or denied.
    #[schema(value_type = shapes::EffectText)]
    effect: domain::authz::Effect,
    /// Only in this project; everywhere when absent.
    #[schema(value_type = Option<shapes::IdText>)]
    project: Option<ProjectId>,
    /// Ends at this moment; never when absent.
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    expires_at_ms: Option<TimeMs>,
}

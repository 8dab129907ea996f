//! `/v1/projects/{project}/members`: who was let into a project.

pub mod add;
pub mod list;
pub mod remove;

use domain::{ProjectId, TimeMs, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(list::list, add::add)).routes(routes!(remove::remove))
}

/// The project and the member of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProjectMemberPath {
    /// The project.
    #[param(value_type = shapes::IdText)]
    pub project: ProjectId,
    /// The member.
    #[param(value_type = shapes::IdText)]
    pub user: UserId,
}

/// Somebody who was let into a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectMember {
    /// The person.
    #[schema(value_type = shapes::IdText)]
    pub user_id: UserId,
    /// Since when.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub added_at_ms: TimeMs,
}

impl From<store::ProjectMember> for ProjectMember {
    fn from(member: store::ProjectMember) -> Self {
        Self { user_id: member.user, added_at_ms: member.added_at }
    }
}

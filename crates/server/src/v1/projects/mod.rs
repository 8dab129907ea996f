//! `/v1/projects`: groups of apps, secrets and automations.

pub mod create;
pub mod get;
pub mod list;

use domain::{Name, ProjectId, TimeMs, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(get::get))
}

/// The project of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProjectPath {
    /// The project.
    #[param(value_type = shapes::IdText)]
    pub project: ProjectId,
}

/// A project.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: ProjectId,
    /// Its name, unique in the workspace.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// Who created it.
    #[schema(value_type = shapes::IdText)]
    pub created_by: UserId,
    /// When.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
}

impl From<store::Project> for Project {
    fn from(project: store::Project) -> Self {
        let store::Project { id, name, created_by, created_at } = project;
        Self { id, name, created_by, created_at_ms: created_at }
    }
}

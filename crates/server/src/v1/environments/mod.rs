//! `/v1/projects/{project}/environments`

pub mod create;
pub mod list;

use domain::{EnvironmentId, Name, ProjectId, TimeMs};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(list::list, create::create))
}

/// The project and the environment of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct EnvironmentPath {
    /// The project.
    #[param(value_type = shapes::IdText)]
    pub project: ProjectId,
    /// The environment, of that project.
    #[param(value_type = shapes::IdText)]
    pub environment: EnvironmentId,
}

/// An environment.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Environment {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: EnvironmentId,
    /// Its name, unique in the project.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// Whether it holds production secrets, which stay inside unless the workspace allows
    /// otherwise.
    pub production: bool,
    /// When it was created.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
}

impl From<store::Environment> for Environment {
    fn from(environment: store::Environment) -> Self {
        let store::Environment { id, name, production, created_at, .. } = environment;
        Self { id, name, production, created_at_ms: created_at }
    }
}

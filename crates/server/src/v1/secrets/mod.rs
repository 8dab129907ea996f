//! `/v1/projects/{project}/environments/{environment}/secrets`: sealed values, write-only by
//! default.
//!
//! Always true: a value leaves in two answers only, [`reveal`] and [`use_locally`]; both need a
//! person with a fresh second factor, and both have their entry before the value is opened.

pub mod delete;
pub mod list;
pub mod reveal;
pub mod rotate;
pub mod set;
pub mod use_locally;

use data_encoding::BASE64;
use domain::{EnvironmentId, ProjectId, SecretId, TimeMs, UserId, VariableName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vault::Exposed;
use vault::secrets::{SecretPath as Place, SecretValue};

use crate::house::House;
use crate::problem::Problem;
use crate::shapes::{self, SecretText};

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, set::set))
        .routes(routes!(delete::delete))
        .routes(routes!(rotate::rotate))
        .routes(routes!(reveal::reveal))
        .routes(routes!(use_locally::use_locally))
}

/// The secret of a path.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SecretPath {
    /// The project.
    #[param(value_type = shapes::IdText)]
    pub project: ProjectId,
    /// The environment, of that project.
    #[param(value_type = shapes::IdText)]
    pub environment: EnvironmentId,
    /// The secret's name.
    #[param(value_type = shapes::VariableText)]
    pub name: VariableName,
}

impl From<SecretPath> for Place {
    fn from(path: SecretPath) -> Self {
        let SecretPath { project, environment, name } = path;
        Self { project, environment, name }
    }
}

/// A secret, without its value.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: SecretId,
    /// Its name.
    #[schema(value_type = shapes::VariableText)]
    pub name: VariableName,
    /// Its newest version, from 1; also its entity tag.
    #[schema(minimum = 1)]
    pub version: u64,
    /// When it was first set.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
    /// By whom.
    #[schema(value_type = shapes::IdText)]
    pub created_by: UserId,
    /// When it got its newest version.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub updated_at_ms: TimeMs,
    /// From whom.
    #[schema(value_type = shapes::IdText)]
    pub updated_by: UserId,
}

impl From<store::Secret> for Secret {
    fn from(secret: store::Secret) -> Self {
        Self {
            id: secret.id,
            name: secret.name,
            version: secret.version,
            created_at_ms: secret.created_at,
            created_by: secret.created_by,
            updated_at_ms: secret.updated_at,
            updated_by: secret.updated_by,
        }
    }
}

/// The value in a request.
fn value(base64: &SecretText) -> Result<SecretValue, Problem> {
    let bytes = BASE64
        .decode(base64.as_str().as_bytes())
        .map(Exposed::new)
        .map_err(|_| Problem::invalid("value_base64", "it is not base64 with padding"))?;
    SecretValue::new(bytes).map_err(|error| Problem::invalid("value_base64", error))
}

/// The value in an answer to somebody who may see it.
fn shown(value: &Exposed) -> String {
    BASE64.encode(value.expose())
}

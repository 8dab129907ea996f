//! `POST /v1/projects/{project}/environments`

use axum::extract::State;
use domain::Name;
use serde::Deserialize;
use utoipa::ToSchema;
use vault::VaultError;
use vault::environments::create_environment;

use super::Environment;
use crate::extract::idempotency::ShownOnce;
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::projects::ProjectPath;

/// An environment to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "staging" }))]
pub struct CreateEnvironment {
    /// Its name, unique in the project.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
}

impl ShownOnce for Environment {}

/// Create an environment
#[utoipa::path(
    post, path = "/v1/projects/{project}/environments", operation_id = "environments_create",
    tag = "projects",
    params(ProjectPath, IdempotencyHeader), security(("session" = []), ("key" = []))
)]
pub async fn create(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProjectPath>,
    idempotent: Idempotent,
    Json(body): Json<CreateEnvironment>,
) -> Result<Reply<201, Environment>, Refused<VaultError>> {
    let who = member.repeats();
    let work = {
        let house = house.clone();
        async move {
            let name = body.value.name;
            let made = create_environment(house.store(), &member.scope, at.project, name).await?;
            Ok(house.made(made, Environment::from).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

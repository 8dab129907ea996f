//! `POST /v1/projects`

use axum::extract::State;
use domain::Name;
use serde::Deserialize;
use utoipa::ToSchema;
use vault::VaultError;
use vault::projects::create_project;

use super::Project;
use crate::extract::idempotency::ShownOnce;
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// A project to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "shop" }))]
pub struct CreateProject {
    /// Its name, unique in the workspace.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
}

impl ShownOnce for Project {}

/// Create a project
///
/// It is born with the environments `production`, `preview` and `development`.
#[utoipa::path(
    post, path = "/v1/projects", operation_id = "projects_create", tag = "projects",
    params(IdempotencyHeader), security(("session" = []), ("key" = []))
)]
pub async fn create(
    State(house): State<House>,
    member: Member,
    idempotent: Idempotent,
    Json(body): Json<CreateProject>,
) -> Result<Reply<201, Project>, Refused<VaultError>> {
    let who = member.repeats();
    let work = {
        let house = house.clone();
        async move {
            let made = create_project(house.store(), &member.scope, body.value.name).await?;
            Ok(house.made(made, |new| new.project.into()).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

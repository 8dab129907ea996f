//! `GET /v1/projects/{project}`

use axum::extract::State;
use vault::VaultError;
use vault::projects::get_project;

use super::{Project, ProjectPath};
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// One project
#[utoipa::path(
    get, path = "/v1/projects/{project}", operation_id = "projects_get", tag = "projects",
    params(ProjectPath), security(("session" = []), ("key" = []))
)]
pub async fn get(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProjectPath>,
) -> Result<Reply<200, Project>, Refused<VaultError>> {
    let project = get_project(house.store(), &member.scope, at.project).await?;
    Ok(Reply::new(project.into()))
}

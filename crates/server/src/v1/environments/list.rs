//! `GET /v1/projects/{project}/environments`

use axum::extract::State;
use vault::VaultError;
use vault::environments::list_environments;

use super::Environment;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::projects::ProjectPath;

listing!(EnvironmentList of Environment);

/// The environments of a project
///
/// All of them on one page: there are at most sixteen.
#[utoipa::path(
    get, path = "/v1/projects/{project}/environments", operation_id = "environments_list",
    tag = "projects", params(ProjectPath), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProjectPath>,
) -> Result<Reply<200, EnvironmentList>, Refused<VaultError>> {
    let found = list_environments(house.store(), &member.scope, at.project).await?;
    let items = found.into_iter().map(Environment::from).collect();
    Ok(Reply::new(EnvironmentList { items, next_cursor: None }))
}

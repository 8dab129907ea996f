//! `DELETE /v1/projects/{project}/members/{user}`

use axum::extract::State;
use identity::TeamError;
use identity::projects::remove_member;

use super::ProjectMemberPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Take a member out of a project
#[utoipa::path(
    delete, path = "/v1/projects/{project}/members/{user}",
    operation_id = "project_members_remove", tag = "projects",
    params(ProjectMemberPath), security(("session" = []), ("key" = []))
)]
pub async fn remove(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProjectMemberPath>,
) -> Result<Empty, Refused<TeamError>> {
    let Member { scope, factor_at } = member;
    let done = remove_member(house.store(), &scope, factor_at, at.project, at.user).await?;
    Ok(house.done(done).await)
}

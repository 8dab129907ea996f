//! `GET /v1/projects/{project}/members`

use axum::extract::State;
use identity::TeamError;
use identity::projects::list_members;

use super::ProjectMember;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::projects::ProjectPath;

listing!(ProjectMemberList of ProjectMember);

/// Who was let into a project
///
/// Owners and admins reach every project; they are listed only when they were let in.
#[utoipa::path(
    get, path = "/v1/projects/{project}/members", operation_id = "project_members_list",
    tag = "projects", params(ProjectPath, PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProjectPath>,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, ProjectMemberList>, Refused<TeamError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let listing = list_members(house.store(), &scope, factor_at, at.project, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.user.uuid(), ProjectMember::from);
    Ok(Reply::new(ProjectMemberList { items, next_cursor }))
}

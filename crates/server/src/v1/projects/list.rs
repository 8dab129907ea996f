//! `GET /v1/projects`

use axum::extract::State;
use vault::VaultError;
use vault::projects::list_projects;

use super::Project;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;

listing!(ProjectList of Project);

/// The projects that the caller reaches
///
/// Owners and admins reach every project, others those they were let into.
#[utoipa::path(
    get, path = "/v1/projects", operation_id = "projects_list", tag = "projects",
    params(PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, ProjectList>, Refused<VaultError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let listing = list_projects(house.store(), &member.scope, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.id.uuid(), Project::from);
    Ok(Reply::new(ProjectList { items, next_cursor }))
}

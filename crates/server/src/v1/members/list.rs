//! `GET /v1/teams/{team}/members`

use axum::extract::State;
use identity::TeamError;
use identity::members;

use super::{TeamMember, TeamPath};
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;

listing!(TeamMemberList of TeamMember);

/// The team
#[utoipa::path(
    get, path = "/v1/teams/{team}/members", operation_id = "members_list", tag = "members",
    params(TeamPath, PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, TeamMemberList>, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let page = page.by_id().map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let listing = members::list(house.store(), &scope, factor_at, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.user.uuid(), TeamMember::from);
    Ok(Reply::new(TeamMemberList { items, next_cursor }))
}

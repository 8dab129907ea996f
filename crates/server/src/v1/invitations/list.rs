//! `GET /v1/teams/{team}/invitations`

use axum::extract::State;
use identity::TeamError;
use identity::invitations;

use super::Invitation;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::members::TeamPath;

listing!(InvitationList of Invitation);

/// The open invitations, without their codes
#[utoipa::path(
    get, path = "/v1/teams/{team}/invitations", operation_id = "invitations_list",
    tag = "members", params(TeamPath, PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, InvitationList>, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let page = page.by_id().map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let listing = invitations::list(house.store(), &scope, factor_at, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.id.uuid(), Invitation::from);
    Ok(Reply::new(InvitationList { items, next_cursor }))
}

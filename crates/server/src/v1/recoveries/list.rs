//! `GET /v1/teams/{team}/recoveries`

use axum::extract::State;
use identity::{TeamError, recoveries};

use super::OpenRecovery;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::members::TeamPath;

listing!(RecoveryList of OpenRecovery);

/// Members who lost both factors and wait for somebody to vouch
#[utoipa::path(
    get, path = "/v1/teams/{team}/recoveries", operation_id = "recoveries_list",
    tag = "recoveries", params(TeamPath, PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, RecoveryList>, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let page = page.by_id().map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let listing = recoveries::list(house.store(), &scope, factor_at, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.id.uuid(), OpenRecovery::from);
    Ok(Reply::new(RecoveryList { items, next_cursor }))
}

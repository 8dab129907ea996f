//! `POST /v1/teams/{team}/holds`

use axum::extract::State;
use notary::NotaryError;
use notary::holds::place_hold;

use super::{Hold, HoldReason};
use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::members::TeamPath;

/// Place a hold on the workspace's security log
///
/// Nothing of it is dropped while a hold stands, however old. Needs a second factor given within
/// five minutes.
#[utoipa::path(
    post, path = "/v1/teams/{team}/holds", operation_id = "holds_place", tag = "audit",
    params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn place(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Json(body): Json<HoldReason>,
) -> Result<Reply<201, Hold>, Refused<NotaryError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at, .. } = member;
    let placed = place_hold(house.store(), &scope, factor_at, body.value.reason).await?;
    Ok(house.answer(placed, Hold::from).await)
}

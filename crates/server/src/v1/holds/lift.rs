//! `POST /v1/teams/{team}/holds/{hold}/lift`

use axum::extract::State;
use notary::NotaryError;
use notary::holds::lift_hold;

use super::{HoldPath, HoldReason};
use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Lift a hold on the workspace's security log
///
/// The owner's only; one of the platform's staff stays. What is past its time is dropped with the
/// next sweep. Needs a second factor given within five minutes.
#[utoipa::path(
    post, path = "/v1/teams/{team}/holds/{hold}/lift", operation_id = "holds_lift", tag = "audit",
    params(HoldPath), security(("session" = []), ("key" = []))
)]
pub async fn lift(
    State(house): State<House>,
    member: Member,
    Path(at): Path<HoldPath>,
    Json(body): Json<HoldReason>,
) -> Result<Empty, Refused<NotaryError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at, .. } = member;
    let (hold, reason) = (at.hold, body.value.reason);
    let lifted = lift_hold(house.store(), &scope, factor_at, hold, reason).await?;
    Ok(house.done(lifted).await)
}

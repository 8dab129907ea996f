//! `POST /v1/teams/{team}/recoveries/{recovery}/approve`

use axum::extract::State;
use domain::{TimeMs, UserId};
use identity::TeamError;
use identity::recoveries::{self, Vouched};
use serde::Serialize;
use utoipa::ToSchema;

use super::TeamRecoveryPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// What an approval led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryApproved {
    /// Whose account.
    #[schema(value_type = shapes::IdText)]
    pub user_id: UserId,
    /// When it can be completed; absent while another workspace of theirs has to vouch.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub opens_at_ms: Option<TimeMs>,
}

/// Vouch for a member who lost both factors
///
/// Needs a person who ranks above the member, with a second factor given within five minutes.
#[utoipa::path(
    post, path = "/v1/teams/{team}/recoveries/{recovery}/approve",
    operation_id = "recoveries_approve", tag = "recoveries", params(TeamRecoveryPath),
    security(("session" = []), ("key" = []))
)]
pub async fn approve(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamRecoveryPath>,
) -> Result<Reply<200, RecoveryApproved>, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let done = recoveries::approve(house.identity(), &scope, factor_at, at.recovery).await?;
    let show =
        |Vouched { user, opens_at }| RecoveryApproved { user_id: user, opens_at_ms: opens_at };
    Ok(house.answer(done, show).await)
}

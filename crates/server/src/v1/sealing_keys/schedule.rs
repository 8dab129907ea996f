//! `PUT /v1/teams/{team}/sealing_keys/schedule`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::VaultError;
use vault::sealing::set_interval;

use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::v1::members::TeamPath;

/// How often the sealing keys are rotated.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "interval_days": 90 }))]
pub struct SealingSchedule {
    /// Days from one rotation to the next.
    #[schema(minimum = 1, maximum = 3650, example = 90)]
    pub interval_days: u32,
}

/// Say how often the workspace's sealing keys are rotated
///
/// Needs a second factor given within five minutes.
#[utoipa::path(
    put, path = "/v1/teams/{team}/sealing_keys/schedule",
    operation_id = "sealing_keys_schedule", tag = "workspaces", params(TeamPath),
    security(("session" = []), ("key" = []))
)]
pub async fn set(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Json(body): Json<SealingSchedule>,
) -> Result<Reply<200, SealingSchedule>, Refused<VaultError>> {
    member.of(at.team).map_err(Refused::because)?;
    let days = body.value.interval_days;
    if !(1..=3_650).contains(&days) {
        let problem = Problem::invalid("interval_days", "it is between 1 and 3650");
        return Err(Refused::because(problem));
    }
    let Member { scope, factor_at, .. } = member;
    let set = set_interval(house.store(), &scope, factor_at, days).await?;
    Ok(house.answer(set, |interval_days| SealingSchedule { interval_days }).await)
}

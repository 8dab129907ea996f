//! `POST /v1/teams/{team}/sealing_keys/rotations`

use axum::extract::State;
use domain::TimeMs;
use serde::Serialize;
use utoipa::ToSchema;
use vault::VaultError;
use vault::sealing::ask_for_rotation;

use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::members::TeamPath;

/// A rotation that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealingRotation {
    /// Keys made until this moment get successors.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub wanted_at_ms: TimeMs,
}

/// Have the workspace's sealing keys rotated
///
/// Needs a second factor given within five minutes. A worker seals every record again under new
/// keys while people go on working, and destroys the old keys when nothing is under them.
#[utoipa::path(
    post, path = "/v1/teams/{team}/sealing_keys/rotations",
    operation_id = "sealing_keys_rotate", tag = "workspaces", params(TeamPath),
    security(("session" = []), ("key" = []))
)]
pub async fn rotate(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
) -> Result<Reply<202, SealingRotation>, Refused<VaultError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at, .. } = member;
    let asked = ask_for_rotation(house.store(), &scope, factor_at).await?;
    Ok(house.answer(asked, |wanted_at_ms| SealingRotation { wanted_at_ms }).await)
}

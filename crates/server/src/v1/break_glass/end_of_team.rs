//! `POST /v1/teams/{team}/break_glass/{glass}/end`

use axum::extract::State;
use vault::break_glass::{GlassError, end_by_workspace};

use super::{AgreedBreakGlass, TeamGlassPath};
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// End what the platform's staff agreed on
///
/// Needs the owner, with a second factor given within five minutes. Once it is answered, nothing
/// more is opened.
#[utoipa::path(
    post, path = "/v1/teams/{team}/break_glass/{glass}/end",
    operation_id = "break_glass_end_of_team", tag = "workspaces", params(TeamGlassPath),
    security(("session" = []), ("key" = []))
)]
pub async fn end_of_team(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamGlassPath>,
) -> Result<Reply<200, AgreedBreakGlass>, Refused<GlassError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let (store, broker) = (house.store(), house.broker());
    let ended = end_by_workspace(store, broker, &scope, factor_at, at.glass).await?;
    Ok(house.answer(ended, AgreedBreakGlass::from).await)
}

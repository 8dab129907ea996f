//! `POST /v1/staff/break_glass/{glass}/approve`

use axum::extract::State;
use vault::break_glass::{self, GlassError};

use super::{AgreedBreakGlass, GlassPath};
use crate::extract::{Hand, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// Agree to what another one of the staff asked for
///
/// Tells the workspace's owner and admins, and its log, before anything can be opened.
#[utoipa::path(
    post, path = "/v1/staff/break_glass/{glass}/approve", operation_id = "break_glass_approve",
    tag = "staff", params(GlassPath), security(("session" = []))
)]
pub async fn approve(
    State(house): State<House>,
    hand: Hand,
    Path(at): Path<GlassPath>,
) -> Result<Reply<200, AgreedBreakGlass>, Refused<GlassError>> {
    let (store, broker) = (house.store(), house.broker());
    let agreed = break_glass::approve(store, broker, &hand.0, at.glass).await?;
    Ok(house.answer(agreed, AgreedBreakGlass::from).await)
}

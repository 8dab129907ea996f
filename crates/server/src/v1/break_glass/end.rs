//! `POST /v1/staff/break_glass/{glass}/end`

use axum::extract::State;
use vault::break_glass::{GlassError, end_by_staff};

use super::GlassPath;
use crate::extract::{Hand, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Take back what was asked for, or end what was agreed on
#[utoipa::path(
    post, path = "/v1/staff/break_glass/{glass}/end", operation_id = "break_glass_end",
    tag = "staff", params(GlassPath), security(("session" = []))
)]
pub async fn end(
    State(house): State<House>,
    hand: Hand,
    Path(at): Path<GlassPath>,
) -> Result<Empty, Refused<GlassError>> {
    let ended = end_by_staff(house.store(), house.broker(), &hand.0, at.glass).await?;
    Ok(house.done(ended).await)
}

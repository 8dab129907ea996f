//! `POST /v1/device_grants/{grant}/approve`

use axum::extract::State;
use identity::device_grants::DecideError;

use super::GrantPath;
use crate::extract::{Account, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Let a device in
///
/// It gets a session of its own. Needs a factor given within five minutes.
#[utoipa::path(
    post, path = "/v1/device_grants/{grant}/approve", operation_id = "device_grants_approve",
    tag = "device_grants", params(GrantPath), security(("session" = []))
)]
pub async fn approve(
    State(house): State<House>,
    account: Account,
    Path(at): Path<GrantPath>,
) -> Result<Empty, Refused<DecideError>> {
    let identity = house.identity();
    let decided = identity::device_grants::approve(identity, &account.scope, at.grant).await?;
    Ok(house.done(decided).await)
}

//! `POST /v1/device_grants/{grant}/deny`

use axum::extract::State;
use identity::device_grants::DecideError;

use super::GrantPath;
use crate::extract::{Account, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Do not let a device in
///
/// The device is told so, and stops asking.
#[utoipa::path(
    post, path = "/v1/device_grants/{grant}/deny", operation_id = "device_grants_deny",
    tag = "device_grants", params(GrantPath), security(("session" = []))
)]
pub async fn deny(
    State(house): State<House>,
    account: Account,
    Path(at): Path<GrantPath>,
) -> Result<Empty, Refused<DecideError>> {
    let identity = house.identity();
    let decided = identity::device_grants::deny(identity, &account.scope, at.grant).await?;
    Ok(house.done(decided).await)
}

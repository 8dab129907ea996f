//! `POST /v1/device_grants/redeem`

use axum::extract::State;
use identity::codes::{HandedCode, HandedKind};
use identity::device_grants::PollError;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{Holds, Json, OnDevice};
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::SecretText;
use crate::v1::sessions::{DeviceHeader, Tokens};

/// A device's own code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "device_code": "cd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}))]
pub struct RedeemDeviceGrant {
    /// As the device was given it.
    #[schema(value_type = String, max_length = 128)]
    pub device_code: SecretText,
}

/// Ask whether one was let in
///
/// Needs a proof by the key that was named at first, in the `DPoP` header. The answer holds the
/// tokens of a new session, once; `authorization_pending` and `slow_down` mean to ask again, later.
#[utoipa::path(
    post,
    path = "/v1/device_grants/redeem",
    operation_id = "device_grants_redeem",
    tag = "device_grants",
    params(DeviceHeader)
)]
pub async fn redeem(
    State(house): State<House>,
    client: Client,
    Holds(holder): Holds,
    OnDevice(device): OnDevice,
    Json(body): Json<RedeemDeviceGrant>,
) -> Result<Reply<201, Tokens>, Refused<PollError>> {
    let code = HandedCode::parse(HandedKind::Device, body.value.device_code.as_str())
        .map_err(|error| Refused::because(Problem::invalid("device_code", error)))?;
    let (identity, origin) = (house.identity(), client.origin);
    let redeemed =
        identity::device_grants::redeem(identity, origin, code, (holder, device)).await?;
    Ok(house.answer(redeemed, Tokens::from).await)
}

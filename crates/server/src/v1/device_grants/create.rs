//! `POST /v1/device_grants`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use domain::{ClientLabel, limits};
use identity::device_grants::{DeviceAsks, DeviceCodes, RequestError, request};
use identity::dpop::Thumbprint;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::Json;
use crate::frame::Frame;
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::rate::RateKey;
use crate::reply::Reply;
use crate::shapes;

/// What a device says about itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "label": "build-7", "version": "casemate 0.1.0",
    "dpop_jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
}))]
pub struct CreateDeviceGrant {
    /// What it calls its machine.
    #[schema(value_type = shapes::ClientLabelText)]
    pub label: ClientLabel,
    /// Which version it is.
    #[schema(value_type = shapes::ClientLabelText)]
    pub version: ClientLabel,
    /// Thumbprint of its key (RFC 7638).
    #[schema(value_type = shapes::DigestText)]
    pub dpop_jkt: String,
}

/// A device's codes (RFC 8628 section 3.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct NewDeviceGrant {
    /// For the device itself, which asks with it.
    pub device_code: String,
    /// For the person, who types it.
    #[schema(example = "WDJB-MJHT")]
    pub user_code: String,
    /// Where they type it. There is no address with the code in it.
    #[schema(example = "https://casemate.example/device")]
    pub verification_uri: String,
    /// Seconds until both codes end.
    pub expires_in: i64,
    /// Seconds between two questions of the device.
    pub interval: u32,
}

/// Ask to be let in
#[utoipa::path(
    post,
    path = "/v1/device_grants",
    operation_id = "device_grants_create",
    tag = "device_grants"
)]
pub async fn create(
    State(house): State<House>,
    client: Client,
    Extension(frame): Extension<Arc<Frame>>,
    Json(body): Json<CreateDeviceGrant>,
) -> Result<Reply<201, NewDeviceGrant>, Refused<RequestError>> {
    house.charge(&frame, RateKey::Devices).map_err(Refused::because)?;
    let CreateDeviceGrant { label, version, dpop_jkt } = body.value;
    let refused = || Problem::invalid("dpop_jkt", "it is not a key's thumbprint");
    let holder = Thumbprint::parse(&dpop_jkt).ok_or_else(|| Refused::because(refused()))?;
    let asks = DeviceAsks { label, version, holder };
    let made = request(house.identity(), client.origin, asks).await?;
    let verification_uri = format!("{}/device", house.addresses().first());
    let show = |codes: DeviceCodes| NewDeviceGrant {
        device_code: codes.device_code.show().to_owned(),
        user_code: codes.user_code.show().to_owned(),
        verification_uri,
        expires_in: limits::DEVICE_GRANT_MS / 1_000,
        interval: limits::DEVICE_INTERVAL_S,
    };
    Ok(house.answer(made, show).await)
}

//! `POST /v1/device_grants/look`

use std::net::IpAddr;

use axum::extract::State;
use domain::{DeviceGrantId, TimeMs};
use identity::codes::UserCode;
use identity::device_grants::{LookError, Seen};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// What a person read off the device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "user_code": "WDJB-MJHT" }))]
pub struct LookAtDeviceGrant {
    /// Eight letters.
    #[schema(value_type = String, min_length = 8, max_length = 32)]
    pub user_code: SecretText,
}

/// Who asks to be let in. Label and version are the device's own words.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingDevice {
    /// Its id, for the decision.
    #[schema(value_type = shapes::IdText)]
    pub id: DeviceGrantId,
    /// The address it asked from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
    /// What it calls its machine.
    #[schema(value_type = shapes::ClientLabelText)]
    pub label: String,
    /// Which version it says it is.
    #[schema(value_type = shapes::ClientLabelText)]
    pub version: String,
    /// When it asked.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub asked_at_ms: TimeMs,
    /// Until when a decision counts.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
}

impl From<Seen> for WaitingDevice {
    fn from(seen: Seen) -> Self {
        Self {
            id: seen.grant,
            ip: seen.requester.ip,
            label: seen.requester.label,
            version: seen.requester.version,
            asked_at_ms: seen.asked_at,
            expires_at_ms: seen.expires_at,
        }
    }
}

/// See who waits with a code
///
/// Five wrong codes of a session end its tries for a quarter of an hour.
#[utoipa::path(
    post, path = "/v1/device_grants/look", operation_id = "device_grants_look",
    tag = "device_grants", security(("session" = []))
)]
pub async fn look(
    State(house): State<House>,
    account: Account,
    Json(body): Json<LookAtDeviceGrant>,
) -> Result<Reply<200, WaitingDevice>, Refused<LookError>> {
    let code = UserCode::parse(body.value.user_code.as_str())
        .map_err(|error| Refused::because(Problem::invalid("user_code", error)))?;
    let seen = identity::device_grants::look(house.identity(), &account.scope, code).await?;
    Ok(Reply::new(seen.into()))
}

//! `/v1/device_grants`: somebody with a browser lets a device without one in (RFC 8628).

pub mod approve;
pub mod create;
pub mod deny;
pub mod look;
pub mod redeem;

use domain::DeviceGrantId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(redeem::redeem))
        .routes(routes!(look::look))
        .routes(routes!(approve::approve))
        .routes(routes!(deny::deny))
}

/// The device authorization of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct GrantPath {
    /// As a look at it by its code showed.
    #[param(value_type = shapes::IdText)]
    pub grant: DeviceGrantId,
}

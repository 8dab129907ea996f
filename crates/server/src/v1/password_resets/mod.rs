//! `/v1/password_resets`: a new password by a mailed code and a second factor. No session begins.

pub mod complete;
pub mod create;

use domain::ResetId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(create::create)).routes(routes!(complete::complete))
}

/// The reset of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ResetPath {
    /// The id in the mailed link.
    #[param(value_type = shapes::IdText)]
    pub reset: ResetId,
}

/// What everybody is answered who asks: it says nothing about the address.
#[derive(Debug, Serialize, ToSchema)]
pub struct Asked {
    /// If there is such an account, a message is on its way.
    #[schema(example = "if there is such an account, a message is on its way to it")]
    pub message: &'static str,
}

impl Asked {
    pub(crate) const fn new() -> Self {
        Self { message: "if there is such an account, a message is on its way to it" }
    }
}

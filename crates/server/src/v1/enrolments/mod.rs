//! `/v1/enrolments`: how somebody gets an account, by the first owner's link or by an invitation.

pub mod confirm;
pub mod create;

use domain::EnrolmentId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::problem::Problem;
use crate::shapes::{self, SecretText};

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(create::create)).routes(routes!(confirm::confirm))
}

/// The enrolment of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct EnrolmentPath {
    /// The enrolment.
    #[param(value_type = shapes::IdText)]
    pub enrolment: EnrolmentId,
}

/// The code that was told apart from a link.
pub(crate) fn typed_code(code: &SecretText) -> Result<identity::codes::TypedCode, Problem> {
    identity::codes::TypedCode::parse(code.as_str())
        .map_err(|error| Problem::invalid("code", error))
}

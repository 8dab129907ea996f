//! `/v1/staff`: for whoever works for the platform. For everybody else there is nothing here.

pub mod log;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(log::log))
}

//! `/v1/key-reports`: API keys that somebody found where they should not be.

pub mod create;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(create::create))
}

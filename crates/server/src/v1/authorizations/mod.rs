//! `/v1/authorizations`: a browser lets the command line on the same machine in.

pub mod create;
pub mod redeem;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(create::create)).routes(routes!(redeem::redeem))
}

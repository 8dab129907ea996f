//! `/v1/sso`: signing in through an identity provider.

pub mod callback;
pub mod create;
pub mod providers;
pub mod redeem;

use domain::SsoTransactionId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(providers::providers))
        .routes(routes!(create::create))
        .routes(routes!(redeem::redeem))
}

/// The transaction of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TransactionPath {
    /// The transaction.
    #[param(value_type = shapes::IdText)]
    pub transaction: SsoTransactionId,
}

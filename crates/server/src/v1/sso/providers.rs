//! `GET /v1/sso/providers`

use axum::extract::State;
use domain::sign_in::ProviderRef;
use serde::Serialize;
use utoipa::ToSchema;

use crate::house::House;
use crate::problem::{Nothing, Refused};
use crate::reply::Reply;
use crate::shapes;

/// The platform's identity providers.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformProviders {
    /// Those that are switched on.
    #[schema(value_type = Vec<shapes::ProviderText>)]
    pub providers: Vec<ProviderRef>,
}

/// Identity providers that everybody may sign in with
#[utoipa::path(get, path = "/v1/sso/providers", operation_id = "sso_providers", tag = "sessions")]
pub async fn providers(
    State(house): State<House>,
) -> Result<Reply<200, PlatformProviders>, Refused<Nothing>> {
    let providers = identity::sso::platform_providers(house.identity());
    Ok(Reply::new(PlatformProviders { providers }))
}

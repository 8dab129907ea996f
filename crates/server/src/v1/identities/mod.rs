//! `/v1/account/identities`: the providers that the caller is recognised by.

pub mod begin;
pub mod confirm;
pub mod list;
pub mod unlink;

use domain::TimeMs;
use domain::sign_in::ProviderRef;
use serde::Serialize;
use store::LinkedIdentity;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, begin::begin))
        .routes(routes!(confirm::confirm))
        .routes(routes!(unlink::unlink))
}

/// The caller as a provider knows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Identity {
    /// The issuer of its tokens.
    #[schema(value_type = String, example = "https://accounts.google.com")]
    pub issuer: String,
    /// Who the caller is there.
    #[schema(value_type = String, example = "110169484474386276334")]
    pub subject: String,
    /// The provider it was linked through.
    #[schema(value_type = shapes::ProviderText)]
    pub provider: ProviderRef,
    /// When it was linked.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub linked_at_ms: TimeMs,
    /// When it was last used.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub last_used_at_ms: TimeMs,
}

impl From<LinkedIdentity> for Identity {
    fn from(linked: LinkedIdentity) -> Self {
        let LinkedIdentity { issuer, subject, provider, linked_at, used_at, .. } = linked;
        Self { issuer, subject, provider, linked_at_ms: linked_at, last_used_at_ms: used_at }
    }
}

//! `/v1/passkey-challenges`: for somebody who is about to sign in.

pub mod create;

use domain::{PasskeyChallengeId, TimeMs};
use identity::passkeys::IssuedChallenge;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(create::create))
}

/// A challenge for an authenticator.
#[derive(Serialize, ToSchema)]
pub struct Challenge {
    /// Its id: the answer names it.
    #[schema(value_type = shapes::IdText)]
    pub challenge: PasskeyChallengeId,
    /// `publicKey` for `navigator.credentials`, in its JSON form.
    #[schema(value_type = Object)]
    pub options: Value,
    /// When it ends.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
}

impl From<IssuedChallenge> for Challenge {
    fn from(issued: IssuedChallenge) -> Self {
        let IssuedChallenge { id, options, expires_at } = issued;
        Self { challenge: id, options, expires_at_ms: expires_at }
    }
}

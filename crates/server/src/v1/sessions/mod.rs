//! `/v1/sessions`: signing in, staying signed in, and ending it.

pub mod create;
pub mod enter_workspace;
pub mod list;
pub mod refresh;
pub mod revoke;
pub mod revoke_others;
pub mod step_up;

use broker::TotpCode;
use domain::{SessionId, TenantId, TimeMs};
use identity::codes::BackupCode;
use identity::sessions::{Factor, SessionTokens};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::problem::Problem;
use crate::shapes::{self, SecretText};

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create, revoke_others::revoke_others))
        .routes(routes!(refresh::refresh))
        .routes(routes!(step_up::step_up))
        .routes(routes!(enter_workspace::enter_workspace))
        .routes(routes!(revoke::revoke))
}

/// The session of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SessionPath {
    /// The session.
    #[param(value_type = shapes::IdText)]
    pub session: SessionId,
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// The session.
    #[schema(value_type = shapes::IdText)]
    pub session_id: SessionId,
    /// The workspace it is in, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::IdText>)]
    pub workspace: Option<TenantId>,
    /// For the `Authorization` header, as a bearer.
    pub access_token: String,
    /// When the access token ends.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
    /// For one refresh; the answer holds the next one.
    pub refresh_token: String,
    /// Names this device at its next sign-in, in the header `casemate-device`. Only in the answer
    /// to a sign-in. It is no credential: it keeps others' wrong guesses from slowing this device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub device_token: Option<String>,
}

impl From<SessionTokens> for Tokens {
    fn from(tokens: SessionTokens) -> Self {
        Self {
            session_id: tokens.session,
            workspace: tokens.workspace,
            access_token: tokens.access_token.show().to_owned(),
            expires_at_ms: tokens.expires_at,
            refresh_token: tokens.refresh_token.show().to_owned(),
            device_token: tokens.device_token.map(|token| token.show().to_owned()),
        }
    }
}

/// A second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedFactor {
    /// Which kind.
    pub kind: FactorKind,
    /// Six digits, or a backup code.
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "123456")]
    pub code: SecretText,
}

/// The kinds of second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Six digits of an authenticator.
    Totp,
    /// One of the ten codes given at enrolment.
    BackupCode,
}

impl TypedFactor {
    fn read(self) -> Result<Factor, Problem> {
        let refused = |error: &dyn std::fmt::Display| Problem::invalid("factor.code", error);
        match self.kind {
            FactorKind::Totp => totp(&self.code).map(Factor::Totp),
            FactorKind::BackupCode => {
                let code = BackupCode::parse(self.code.as_str()).map_err(|e| refused(&e))?;
                Ok(Factor::BackupCode(code))
            }
        }
    }
}

/// A typed code of an authenticator.
pub(crate) fn totp(code: &SecretText) -> Result<TotpCode, Problem> {
    TotpCode::parse(code.as_str()).map_err(|error| Problem::invalid("code", error))
}

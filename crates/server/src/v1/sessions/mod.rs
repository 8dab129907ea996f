//! `/v1/sessions`: signing in, staying signed in, and ending it.

pub mod create;
pub mod enter_workspace;
pub mod list;
pub mod passkey;
pub mod refresh;
pub mod revoke;
pub mod revoke_all;
pub mod revoke_others;
pub mod step_up;
pub mod step_up_begin;
pub mod step_up_confirm;

use broker::TotpCode;
use domain::{PasskeyChallengeId, SessionId, TenantId, TimeMs};
use identity::codes::BackupCode;
use identity::passkeys::PasskeyAnswer;
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
        .routes(routes!(passkey::passkey))
        .routes(routes!(step_up::step_up))
        .routes(routes!(step_up_begin::step_up_begin))
        .routes(routes!(step_up_confirm::step_up_confirm))
        .routes(routes!(enter_workspace::enter_workspace))
        .routes(routes!(revoke_all::revoke_all))
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

/// What a request that begins a session may say about its device.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct DeviceHeader {
    /// The device token of an earlier sign-in. A browser that keeps its refresh token in a cookie
    /// keeps this in another one.
    #[serde(rename = "casemate-device")]
    pub device: Option<String>,
}

/// The tokens of a session.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// The session.
    #[schema(value_type = shapes::IdText)]
    pub session_id: SessionId,
    /// The workspace it is in, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::IdText>)]
    pub workspace: Option<TenantId>,
    /// For the `Authorization` header, in the way that `token_type` says.
    pub access_token: String,
    /// `Bearer`, or `DPoP` when only the holder of a key may use the tokens (RFC 9449).
    pub token_type: TokenType,
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

/// How an access token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum TokenType {
    /// Alone (RFC 6750).
    Bearer,
    /// With a proof by its key (RFC 9449).
    #[serde(rename = "DPoP")]
    Dpop,
}

impl From<SessionTokens> for Tokens {
    fn from(tokens: SessionTokens) -> Self {
        Self {
            session_id: tokens.session,
            workspace: tokens.workspace,
            token_type: if tokens.bound { TokenType::Dpop } else { TokenType::Bearer },
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
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "123456")]
    pub code: Option<SecretText>,
    /// For a passkey: the challenge.
    #[schema(value_type = Option<shapes::IdText>)]
    pub challenge: Option<PasskeyChallengeId>,
    /// For a passkey: what its authenticator answered, in the JSON form of WebAuthn.
    #[schema(value_type = Option<Object>)]
    pub credential: Option<serde_json::Value>,
}

/// What a passkey's authenticator answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresentedPasskey {
    /// The challenge.
    #[schema(value_type = shapes::IdText)]
    pub challenge: PasskeyChallengeId,
    /// The answer, in the JSON form of WebAuthn.
    #[schema(value_type = Object)]
    pub credential: serde_json::Value,
}

impl PresentedPasskey {
    fn read(self, field: &str) -> Result<PasskeyAnswer, Problem> {
        PasskeyAnswer::read(self.challenge, self.credential)
            .map_err(|error| Problem::invalid(field, error))
    }
}

/// The kinds of second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Six digits of an authenticator.
    Totp,
    /// One of the ten codes given at enrolment.
    BackupCode,
    /// What a passkey's authenticator answered.
    Passkey,
}

impl TypedFactor {
    /// The factor, if it has the form of its kind.
    pub(crate) fn read(self) -> Result<Factor, Problem> {
        let refused = |error: &dyn std::fmt::Display| Problem::invalid("factor.code", error);
        match (self.kind, self.code, self.challenge.zip(self.credential)) {
            (FactorKind::Totp, Some(code), None) => totp(&code).map(Factor::Totp),
            (FactorKind::BackupCode, Some(code), None) => {
                let code = BackupCode::parse(code.as_str()).map_err(|e| refused(&e))?;
                Ok(Factor::BackupCode(code))
            }
            (FactorKind::Passkey, None, Some((challenge, credential))) => {
                let passkey = PresentedPasskey { challenge, credential };
                Ok(Factor::Passkey(Box::new(passkey.read("factor.credential")?)))
            }
            _ => {
                let rule = "a passkey has a challenge and a credential, another factor a code";
                Err(Problem::invalid("factor", rule))
            }
        }
    }
}

/// A typed code of an authenticator.
pub(crate) fn totp(code: &SecretText) -> Result<TotpCode, Problem> {
    TotpCode::parse(code.as_str()).map_err(|error| Problem::invalid("code", error))
}

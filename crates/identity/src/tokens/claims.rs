//! What a verified access token says.

use domain::{SessionId, TenantId, TimeMs, UserId};
use serde::Deserialize;

/// The claims of a token whose signature, form and times were checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedClaims {
    /// The person.
    pub user: UserId,
    /// The session the token belongs to.
    pub session: SessionId,
    /// The workspace the session is bound to, if any.
    pub tenant: Option<TenantId>,
    /// Thumbprint of the key that whoever presents the token must hold, if it is bound to one.
    pub holder_key: Option<[u8; 32]>,
    /// The session's epoch when the token was made: a revocation names the first epoch that still
    /// counts.
    pub epoch: i64,
    /// When the last second factor was given.
    pub factor_at: TimeMs,
    /// When the token was made, to the second.
    pub issued_at: TimeMs,
    /// When the token ends, the allowance for clocks that differ included.
    pub expires_at: TimeMs,
}

/// The claims as they stand in the token. Closed: a claim that is not listed, or listed twice, is
/// refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaims {
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "aud")]
    _audience: String,
    pub(super) sub: UserId,
    #[serde(default)]
    pub(super) tid: Option<TenantId>,
    pub(super) sid: SessionId,
    pub(super) epoch: i64,
    #[serde(rename = "amr")]
    _methods: Vec<String>,
    pub(super) auth_time: i64,
    pub(super) iat: i64,
    pub(super) exp: i64,
    #[serde(rename = "jti")]
    _token: String,
    #[serde(default, rename = "cnf")]
    pub(super) confirmation: Option<RawConfirmation>,
}

/// The holder's key as it stands in the token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfirmation {
    pub(super) jkt: String,
}

//! What an access token says, and the codes and keys around it.

use domain::{SessionId, TenantId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A way in which a person proved who they are (RFC 8176 names where there is one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AuthMethod {
    /// A password.
    #[serde(rename = "pwd")]
    Password,
    /// A time-based one-time code.
    #[serde(rename = "otp")]
    Totp,
    /// A backup code.
    #[serde(rename = "backup_code")]
    BackupCode,
    /// More than one factor.
    #[serde(rename = "mfa")]
    MultiFactor,
    /// A passkey, which verified its user.
    #[serde(rename = "passkey")]
    Passkey,
    /// A passkey in hardware that its vendor signed for.
    #[serde(rename = "hwk")]
    HardwareKey,
    /// An identity provider said who they are.
    #[serde(rename = "sso")]
    SingleSignOn,
}

/// The key that a token is bound to (RFC 7800): whoever presents the token proves to hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The SHA-256 thumbprint of the holder's public key (RFC 9449 section 6.1).
    pub jkt: String,
}

/// The claims of an access token (RFC 9068 names; times in seconds since the epoch).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who issued it: this instance's URL.
    pub iss: String,
    /// For whom: this instance's API.
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The workspace the session is bound to, if any.
    pub tid: Option<TenantId>,
    /// The session.
    pub sid: SessionId,
    /// The session's authority epoch.
    pub epoch: i64,
    /// How the person signed in.
    pub amr: Vec<AuthMethod>,
    /// When a factor was last proved.
    pub auth_time: i64,
    /// Issued at.
    pub iat: i64,
    /// Ends at.
    pub exp: i64,
    /// Names this token.
    pub jti: Uuid,
    /// The holder's key, when the token is bound to one.
    #[serde(default)]
    pub cnf: Option<Confirmation>,
}

/// A public key that verifies access tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKey {
    /// The `kid` of tokens it signed.
    pub kid: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

/// What a message authentication code is for. Each has a key of its own, which never leaves the
/// broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MacPurpose {
    /// Digest of an API key's secret at rest.
    ApiKeyPepper,
    /// Refresh tokens.
    Refresh,
    /// Background jobs.
    Job,
    /// Invitation, bootstrap and backup codes at rest.
    Code,
}

/// Six digits a person typed. No `Debug`: a live code is a credential for half a minute.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TotpCode(String);

/// Why a text is not a TOTP code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is six digits")]
pub struct NotACode;

impl TotpCode {
    /// The code, if the text is exactly six ASCII digits. Spaces are refused, not skipped: two
    /// spellings of one code are two chances to replay it.
    ///
    /// # Errors
    /// [`NotACode`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotACode> {
        let six_digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if six_digits { Ok(Self(text.to_owned())) } else { Err(NotACode) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TotpCode {
    type Error = NotACode;
    fn try_from(text: String) -> Result<Self, NotACode> {
        Self::parse(&text)
    }
}

impl From<TotpCode> for String {
    fn from(code: TotpCode) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_exactly_six_ascii_digits() {
        assert!(TotpCode::parse("012345").is_ok());
        for text in ["", "12345", "1234567", "12345a", " 12345", "12345 ", "１23456", "+12345"] {
            assert!(TotpCode::parse(text).is_err(), "{text:?}");
        }
    }
}

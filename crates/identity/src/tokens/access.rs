//! Verification of access tokens: EdDSA over JWT, `typ` `at+jwt` (RFC 9068).
//!
//! Always true
//! 1. The key is chosen by `kid` among the broker's keys. What a header brings along (`jwk`, `jku`,
//!    `x5u`, `crit`) is not ignored but refused: a header of ours has `alg`, `kid` and `typ`, each
//!    once, and nothing else.
//! 2. One algorithm; `none` and a public key used as an HMAC secret have no way in.
//! 3. Times are whole numbers checked against our clock, with [`limits::CLOCK_SKEW_MS_MAX`] either
//!    way; a token that claims a longer life than we give is not ours, whatever its signature.
//! 4. A verified token is remembered by its SHA-256 until its end, never longer; revocation is
//!    asked every time, by the caller.
//!
//! Sources: RFC 8725 (JWT best practice), RFC 9068, ASVS 5.0 V9.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use domain::{TimeMs, limits};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::Memory;
use super::claims::{RawClaims, VerifiedClaims};

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// Not a token of ours: form, algorithm, key, signature, issuer or audience.
    #[error("the access token is not valid")]
    Invalid,
    /// Signed by a key we do not know (yet): worth asking the broker for its keys, once.
    #[error("the access token was signed by an unknown key")]
    UnknownKey,
    /// It was ours; its time is over.
    #[error("the access token has expired")]
    Expired,
    /// Its time has not begun: a clock is wrong.
    #[error("the access token is from the future; check the clocks")]
    FromTheFuture,
}

/// Longest token that is looked at. Ours are below 700 bytes.
const TOKEN_BYTES_MAX: usize = 2_048;
/// Verified tokens remembered: at 43 µs a verification, this is what makes a busy session cheap.
const REMEMBERED_MAX: usize = 16_384;

/// Verifies access tokens against the broker's public keys.
pub struct TokenVerifier {
    keys: RwLock<Arc<HashMap<String, DecodingKey>>>,
    validation: Validation,
    verified: Memory<VerifiedClaims>,
}

/// The only header our tokens have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

impl TokenVerifier {
    /// A verifier for tokens of this issuer to this audience. It knows no key until
    /// [`TokenVerifier::learn`].
    #[must_use]
    pub fn new(issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library reads the system clock; times are checked below, against ours.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            keys: RwLock::new(Arc::new(HashMap::new())),
            validation,
            verified: Memory::new(REMEMBERED_MAX),
        }
    }

    /// Replaces the known keys by these `(kid, public key)`. Tokens already remembered stay for
    /// their minutes.
    pub fn learn(&self, keys: impl IntoIterator<Item = (String, [u8; 32])>) {
        let keys = keys
            .into_iter()
            .map(|(kid, public)| (kid, DecodingKey::from_ed_der(&public)))
            .collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Verifies a token at this moment. Revocation is not judged here.
    ///
    /// # Errors
    /// [`TokenRefused`].
    pub fn verify(&self, token: &str, now: TimeMs) -> Result<VerifiedClaims, TokenRefused> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefused::Invalid);
        }
        let mut name = [0; 32];
        name.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        if let Some(claims) = self.verified.recall(&name, now) {
            return Ok(claims);
        }
        let claims = timely(&self.genuine(token)?, now)?;
        self.verified.keep(name, claims, claims.expires_at);
        Ok(claims)
    }

    fn genuine(&self, token: &str) -> Result<RawClaims, TokenRefused> {
        let header = header(token).ok_or(TokenRefused::Invalid)?;
        if header.alg != "EdDSA" || header.typ != "at+jwt" {
            return Err(TokenRefused::Invalid);
        }
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let key = keys.get(&header.kid).ok_or(TokenRefused::UnknownKey)?;
        jsonwebtoken::decode::<RawClaims>(token, key, &self.validation)
            .map(|data| data.claims)
            .map_err(|_| TokenRefused::Invalid)
    }
}

fn header(token: &str) -> Option<Header> {
    let (header, _) = token.split_once('.')?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).ok()?).ok()
}

fn timely(raw: &RawClaims, now: TimeMs) -> Result<VerifiedClaims, TokenRefused> {
    let ms = |seconds: i64| seconds.checked_mul(1_000).map(TimeMs).ok_or(TokenRefused::Invalid);
    let (issued, expires, factor_at) = (ms(raw.iat)?, ms(raw.exp)?, ms(raw.auth_time)?);
    let life_ms = expires.since_ms(issued);
    if !(1..=limits::ACCESS_TOKEN_MS).contains(&life_ms) || factor_at > issued {
        return Err(TokenRefused::Invalid);
    }
    if issued > now.plus_ms(limits::CLOCK_SKEW_MS_MAX) {
        return Err(TokenRefused::FromTheFuture);
    }
    let expires_at = expires.plus_ms(limits::CLOCK_SKEW_MS_MAX);
    if now >= expires_at {
        return Err(TokenRefused::Expired);
    }
    let holder_key = raw.confirmation.as_ref().map(|key| thumbprint(&key.jkt)).transpose()?;
    Ok(VerifiedClaims {
        user: raw.sub,
        holder_key,
        session: raw.sid,
        tenant: raw.tid,
        epoch: raw.epoch,
        factor_at,
        issued_at: issued,
        expires_at,
    })
}

/// The 32 bytes of a key's thumbprint.
fn thumbprint(text: &str) -> Result<[u8; 32], TokenRefused> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TokenRefused::Invalid)?;
    bytes.try_into().map_err(|_| TokenRefused::Invalid)
}

#[cfg(test)]
#[path = "access_attacks.rs"]
mod attacks;
#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;

//! One proof: its form, its signature, and what it speaks about (RFC 9449 section 4.3).
//!
//! Always true
//! 1. A header has `typ`, `alg` and `jwk`, each once, and nothing else: no `jku`, `x5u` or `crit`
//!    comes in.
//! 2. `htu` is compared as it stands with the URLs this server is known under: scheme, host, port
//!    and path, without query.

use aws_lc_rs::{constant_time, digest};
use data_encoding::BASE64URL_NOPAD;
use domain::{TimeMs, limits};
use jsonwebtoken::Validation;
use serde::Deserialize;

use super::key::{RawKey, Thumbprint};

/// A request as its proof must speak about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The method, in capitals.
    pub method: String,
    /// The URLs the request may have been sent to, each without query: this server's own names,
    /// never what the request itself says about its host.
    pub urls: Vec<String>,
}

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofRefused {
    /// It is no proof: form, algorithm, key or signature.
    #[error("the proof is not a DPoP proof by the key in it")]
    Malformed,
    /// It was made for another method or URL.
    #[error("the proof was made for another method or address than this server's")]
    OtherRequest,
    /// It was made for another access token, or for none.
    #[error("the proof was made for another access token")]
    OtherToken,
    /// It was made by another key than the token or the session is bound to.
    #[error("the proof was made with another key")]
    OtherKey,
    /// It is too old, or from the future.
    #[error("the proof was not made just now; check the clocks")]
    NotNow,
    /// It was sent before.
    #[error("the proof was used before")]
    Replayed,
    /// There is no room to remember one more.
    #[error("too many proofs at once")]
    Crowded,
}

/// A proof whose signature is right.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) holder: Thumbprint,
    claims: Claims,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: RawKey,
}

/// What a proof says. Further claims are allowed by the RFC and mean nothing here.
#[derive(Debug, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default)]
    ath: Option<String>,
}

/// Reads a proof and checks its signature by the key in its header.
///
/// # Errors
/// [`ProofRefused::Malformed`].
pub(super) fn verified(text: &str) -> Result<Proof, ProofRefused> {
    if text.len() > limits::PROOF_BYTES_MAX {
        return Err(ProofRefused::Malformed);
    }
    read(text).ok_or(ProofRefused::Malformed)
}

fn read(text: &str) -> Option<Proof> {
    let (header, _) = text.split_once('.')?;
    let header: Header =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).ok()?).ok()?;
    if header.typ != "dpop+jwt" {
        return None;
    }
    let key = header.jwk.usable(&header.alg)?;
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    // The library reads the system clock; the moment is judged below, against ours.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<Claims>(text, &key.key, &validation).ok()?.claims;
    let named = (1..=limits::PROOF_ID_CHARS_MAX).contains(&claims.jti.len());
    named.then_some(Proof { holder: key.thumbprint, claims })
}

impl Proof {
    /// Whether it was made for this request and token, about now.
    ///
    /// # Errors
    /// [`ProofRefused`]: which part does not fit.
    pub(super) fn speaks_of(
        &self,
        errand: &Errand,
        token: Option<&str>,
        now: TimeMs,
    ) -> Result<(), ProofRefused> {
        let said = &self.claims;
        if said.htm != errand.method || !errand.urls.contains(&said.htu) {
            return Err(ProofRefused::OtherRequest);
        }
        let age_ms = self.made_at().map(|made| now.since_ms(made));
        let window = -limits::CLOCK_SKEW_MS_MAX..=limits::PROOF_MS_MAX;
        if !age_ms.is_some_and(|age_ms| window.contains(&age_ms)) {
            return Err(ProofRefused::NotNow);
        }
        let Some(token) = token else { return Ok(()) };
        let wanted =
            BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let given = said.ath.as_deref().unwrap_or_default();
        constant_time::verify_slices_are_equal(wanted.as_bytes(), given.as_bytes())
            .map_err(|_| ProofRefused::OtherToken)
    }

    /// The name under which it is remembered: its key and its own id.
    pub(super) fn name(&self) -> [u8; 32] {
        let text = [self.holder.bytes().as_slice(), self.claims.jti.as_bytes()].concat();
        let mut name = [0; 32];
        name.copy_from_slice(digest::digest(&digest::SHA256, &text).as_ref());
        name
    }

    /// From when on it is too old anyway.
    pub(super) fn forgotten_at(&self) -> TimeMs {
        self.made_at().unwrap_or(TimeMs(i64::MAX)).plus_ms(limits::PROOF_MS_MAX + 1)
    }

    fn made_at(&self) -> Option<TimeMs> {
        self.claims.iat.checked_mul(1_000).map(TimeMs)
    }
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;

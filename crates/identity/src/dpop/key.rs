//! The public key in a proof's header, and its thumbprint (RFC 7638).
//!
//! Always true: an Ed25519 or a P-256 key, public, its coordinates of the one length and in the one
//! spelling; whatever else stands beside it is refused.

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// A key's name: the SHA-256 of its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

/// A key as a header holds it. Closed: a private member, or a pointer to a key elsewhere, is
/// refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKey {
    kty: String,
    crv: String,
    x: String,
    #[serde(default)]
    y: Option<String>,
}

/// A key that proofs can be checked with.
pub(super) struct ProofKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    pub(super) thumbprint: Thumbprint,
}

/// Bytes of a coordinate on either curve.
const COORDINATE_BYTES: usize = 32;

impl Thumbprint {
    /// The name of a key in its canonical form (RFC 7638 section 3).
    pub(super) fn of_canonical(json: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, json.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Reads a thumbprint; `None` when it is not 32 bytes in base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The thumbprint as tokens and tables hold it: base64url without padding.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Its bytes.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl RawKey {
    /// The key, when it is one that this algorithm is made with.
    pub(super) fn usable(&self, alg: &str) -> Option<ProofKey> {
        match (alg, self.kty.as_str(), self.crv.as_str(), &self.y) {
            ("EdDSA", "OKP", "Ed25519", None) => {
                coordinate(&self.x)?;
                let json = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x);
                let key = DecodingKey::from_ed_components(&self.x).ok()?;
                let thumbprint = Thumbprint::of_canonical(&json);
                Some(ProofKey { algorithm: Algorithm::EdDSA, key, thumbprint })
            }
            ("ES256", "EC", "P-256", Some(y)) => {
                coordinate(&self.x)?;
                coordinate(y)?;
                let json = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{y}"}}"#, self.x);
                let key = DecodingKey::from_ec_components(&self.x, y).ok()?;
                let thumbprint = Thumbprint::of_canonical(&json);
                Some(ProofKey { algorithm: Algorithm::ES256, key, thumbprint })
            }
            _ => None,
        }
    }
}

/// 32 bytes in base64url, in the one spelling there is: a key has one thumbprint only.
fn coordinate(text: &str) -> Option<()> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    (bytes.len() == COORDINATE_BYTES).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 section 3.1.
    #[test]
    fn the_example_of_the_thumbprint_rfc_gives_its_thumbprint() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7\
                 aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXA\
                 rwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7\
                 d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lF\
                 d2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let json = format!(r#"{{"e":"AQAB","kty":"RSA","n":"{n}"}}"#);
        let text = Thumbprint::of_canonical(&json).text();
        assert_eq!(text, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    /// RFC 8037 appendix A.3.
    #[test]
    fn the_example_of_the_edwards_rfc_gives_its_thumbprint() {
        let raw: RawKey = serde_json::from_str(
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        )
        .unwrap();
        let key = raw.usable("EdDSA").unwrap();
        assert_eq!(key.thumbprint.text(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(raw.usable("ES256").is_none(), "one algorithm per key");
    }

    #[test]
    fn a_private_key_and_a_pointer_to_a_key_are_refused() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        for more in [r#""d":"AAAA""#, r#""x5u":"https://a.example""#, r#""k":"AAAA""#] {
            let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}",{more}}}"#);
            assert!(serde_json::from_str::<RawKey>(&json).is_err(), "{more}");
        }
        for (alg, kty, crv, x) in [
            ("EdDSA", "OKP", "X25519", x),
            ("EdDSA", "OKP", "Ed25519", "AAAA"),
            ("HS256", "oct", "Ed25519", x),
            ("none", "OKP", "Ed25519", x),
            ("EdDSA", "OKP", "Ed25519", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"),
        ] {
            let raw = RawKey { kty: kty.into(), crv: crv.into(), x: x.into(), y: None };
            assert!(raw.usable(alg).is_none(), "{alg} {kty} {crv} {x}");
        }
    }

    #[test]
    fn a_thumbprint_is_read_back_and_nothing_else_is_one() {
        let thumbprint = Thumbprint([7; 32]);
        assert_eq!(Thumbprint::parse(&thumbprint.text()), Some(thumbprint));
        for other in ["", "AAAA", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k="] {
            assert_eq!(Thumbprint::parse(other), None, "{other}");
        }
    }
}

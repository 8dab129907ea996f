//! The key that a sign-in is bound to, and the proofs that go with every call (DPoP, RFC 9449).
//!
//! Always true
//! 1. A proof is for one call: its method and URL, its token, its moment, and an id of its own.
//! 2. The key is made at sign-in, never leaves this machine, and is wiped when it is dropped.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use domain::{Clock, Entropy};
use seal::{SystemClock, SystemEntropy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::TransportError;

/// A key that proves who holds a sign-in.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct HolderKey {
    /// 32 bytes in base64url.
    seed: String,
}

/// What goes with a call so that it is let in.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    /// A token that whoever bears it may use.
    Bearer(&'a str),
    /// A token that only the holder of this key may use.
    Bound(&'a str, &'a HolderKey),
    /// No token, but the proof that we hold this key.
    Key(&'a HolderKey),
}

impl HolderKey {
    /// A new key.
    pub(crate) fn fresh() -> Self {
        Self { seed: random_text() }
    }

    /// The key's name (RFC 7638).
    ///
    /// Errors: the stored key is damaged.
    pub(crate) fn thumbprint(&self) -> Result<String, TransportError> {
        let x = public(&self.pair()?);
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        Ok(hashed(&canonical))
    }

    /// A proof for one call of this URL, which has no query.
    ///
    /// Errors: the stored key is damaged.
    pub(super) fn proof(
        &self,
        method: &str,
        url: &str,
        token: Option<&str>,
    ) -> Result<String, TransportError> {
        let pair = self.pair()?;
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": public(&pair) });
        let header = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk });
        let mut claims = json!({
            "jti": random_text(), "htm": method, "htu": url,
            "iat": SystemClock.now().0.div_euclid(1_000),
        });
        if let (Some(token), Some(claims)) = (token, claims.as_object_mut()) {
            claims.insert("ath".to_owned(), Value::String(hashed(token)));
        }
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = pair.sign(message.as_bytes());
        Ok(format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref())))
    }

    fn pair(&self) -> Result<Ed25519KeyPair, TransportError> {
        let seed = BASE64URL_NOPAD.decode(self.seed.as_bytes()).map(Zeroizing::new);
        let seed = seed.map_err(|_| TransportError::Shape)?;
        Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| TransportError::Shape)
    }
}

fn public(pair: &Ed25519KeyPair) -> String {
    BASE64URL_NOPAD.encode(pair.public_key().as_ref())
}

/// The SHA-256 of a text in base64url.
pub(crate) fn hashed(text: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// 256 random bits in base64url: 43 characters.
pub(crate) fn random_text() -> String {
    let mut bytes = Zeroizing::new([0u8; 32]);
    SystemEntropy.fill(bytes.as_mut_slice());
    BASE64URL_NOPAD.encode(bytes.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A: the seed and the thumbprint of its public key.
    #[test]
    fn the_key_of_the_rfc_has_its_thumbprint() {
        let key = HolderKey { seed: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".to_owned() };
        assert_eq!(key.thumbprint().unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn every_proof_is_another_one_and_names_its_token_only_by_a_hash() {
        let key = HolderKey::fresh();
        let proof = || key.proof("GET", "https://a.example/v1/x", Some("the-token")).unwrap();
        let (one, other) = (proof(), proof());
        assert_ne!(one, other);
        let claims = one.split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
        assert_eq!(claims["ath"], hashed("the-token"));
        assert_eq!(claims["htu"], "https://a.example/v1/x");
    }
}

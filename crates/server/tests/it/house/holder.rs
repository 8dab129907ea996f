//! A client's own key, and requests with proofs by it.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::body::Body;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderValue, Request, header};
use serde_json::{Value, json};

use super::{House, request};

pub(crate) struct HolderKey(Ed25519KeyPair);

/// What the tests' servers are called.
pub(crate) const ADDRESS: &str = "https://casemate.example";

impl HolderKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn x(&self) -> String {
        BASE64URL_NOPAD.encode(self.0.public_key().as_ref())
    }

    pub(crate) fn thumbprint(&self) -> String {
        hash(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x()))
    }

    /// A proof for this URL.
    pub(crate) fn proof(
        &self,
        house: &House,
        method: &str,
        url: &str,
        token: Option<&str>,
    ) -> String {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        let header = json!({
            "typ": "dpop+jwt", "alg": "EdDSA",
            "jwk": { "kty": "OKP", "crv": "Ed25519", "x": self.x() },
        });
        let mut claims = json!({
            "jti": BASE64URL_NOPAD.encode(&id), "htm": method, "htu": url,
            "iat": house.now_ms() / 1_000,
        });
        if let Some(token) = token {
            claims["ath"] = json!(hash(token));
        }
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.0.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    /// A request with a proof made for it, and the token as DPoP if there is one.
    pub(crate) fn request(
        &self,
        house: &House,
        (method, path): (&str, &str),
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Request<Body> {
        let proof = self.proof(house, method, &format!("{ADDRESS}{path}"), token);
        with_proof(request(method, path, None, body), token, &proof)
    }
}

/// The same request with this proof, and this token as DPoP.
pub(crate) fn with_proof(
    mut request: Request<Body>,
    token: Option<&str>,
    proof: &str,
) -> Request<Body> {
    let headers = request.headers_mut();
    headers.insert("dpop", HeaderValue::from_str(proof).unwrap());
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("DPoP {token}")).unwrap();
        headers.insert(header::AUTHORIZATION, value);
    }
    request
}

fn hash(text: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

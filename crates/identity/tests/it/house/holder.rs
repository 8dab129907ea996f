//! A client's own key, and proofs by it: made apart from the code that judges them.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use identity::dpop::{Errand, Presented, Scheme, Thumbprint};
use identity::sessions::SessionTokens;
use identity::{AuthRefused, authenticate_presented};
use serde_json::{Value, json};

use super::House;

/// The URL that most proofs of the tests are made for.
const URL: &str = "https://casemate.example/v1/whoami";

pub(crate) struct HolderKey(Ed25519KeyPair);

impl HolderKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn x(&self) -> String {
        BASE64URL_NOPAD.encode(self.0.public_key().as_ref())
    }

    pub(crate) fn thumbprint(&self) -> Thumbprint {
        let json = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x());
        Thumbprint::parse(&hash(&json)).unwrap()
    }

    /// A proof that says exactly this.
    pub(crate) fn says(&self, claims: &Value) -> String {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": self.x() });
        let header = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.0.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    /// What a good proof for a call with this token says.
    pub(crate) fn claims(&self, house: &House, token: &str) -> Value {
        let id: uuid::Uuid = house.store.mint().id::<domain::RequestId>().uuid();
        json!({
            "jti": id.to_string(), "htm": "GET", "htu": URL,
            "iat": house.now().0 / 1_000, "ath": hash(token),
        })
    }

    /// Calls with these tokens and a fresh proof.
    pub(crate) async fn calls(
        &self,
        house: &House,
        tokens: &SessionTokens,
    ) -> Result<(), AuthRefused> {
        let token = tokens.access_token.show();
        presents(house, token, Some(&self.says(&self.claims(house, token)))).await
    }
}

fn hash(text: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// A call of [`URL`] with this token as DPoP and this proof.
pub(crate) async fn presents(
    house: &House,
    credential: &str,
    proof: Option<&str>,
) -> Result<(), AuthRefused> {
    let errand = Errand { method: "GET".to_owned(), urls: vec![URL.to_owned()] };
    let presented = Presented { scheme: Scheme::Dpop, credential, proof, errand: Some(&errand) };
    authenticate_presented(&house.identity, presented, house.origin()).await.map(drop)
}

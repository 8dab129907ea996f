//! Signing what is posted to a receiver, so that it can tell who sent it and that it is fresh.
//!
//! Always true
//! 1. The signed text is the id, the moment and the very bytes of the body: none can be exchanged
//!    for another message's.
//! 2. A message carries a signature by every secret that is in use, of both kinds, newest first.
//! 3. A secret is wiped when it is dropped, and is not printed.
//!
//! Source: Standard Webhooks 1.0.0 (`v1`: HMAC-SHA256; `v1a`: Ed25519).

use std::fmt;
use std::time::Duration;

use ::http::Request;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use bytes::Bytes;
use data_encoding::BASE64;
use domain::TimeMs;
use zeroize::Zeroizing;

use crate::http::{Bounds, CallError, HttpClient, RefusedCall};
use crate::receiver::Answer;

/// Bytes of a sealed secret: the key of the HMAC, then the seed of the Ed25519 key.
pub const SECRET_BYTES: usize = 64;

/// What one version of a secret signs with.
pub struct WebhookSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

/// Bytes that are no secret of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a webhook secret")]
pub struct NotASecret;

impl WebhookSecret {
    /// A secret of these bytes, which came from a random source.
    #[must_use]
    pub fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret that was sealed.
    ///
    /// # Errors
    /// [`NotASecret`].
    pub fn read(bytes: &[u8]) -> Result<Self, NotASecret> {
        bytes.try_into().map(Self::new).map_err(|_| NotASecret)
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// What a receiver that checks `v1` is given, once: `whsec_…`.
    #[must_use]
    pub fn shared(&self) -> String {
        format!("whsec_{}", BASE64.encode(self.halves().0))
    }

    /// What a receiver that checks `v1a` is given; public: `whpk_…`.
    ///
    /// # Errors
    /// [`NotASecret`]: the seed makes no key.
    pub fn public(&self) -> Result<String, NotASecret> {
        Ok(format!("whpk_{}", BASE64.encode(self.pair()?.public_key().as_ref())))
    }

    fn halves(&self) -> (&[u8], &[u8]) {
        self.0.split_at(SECRET_BYTES / 2)
    }

    fn pair(&self) -> Result<Ed25519KeyPair, NotASecret> {
        Ed25519KeyPair::from_seed_unchecked(self.halves().1).map_err(|_| NotASecret)
    }

    fn sign(&self, text: &[u8]) -> Result<[String; 2], NotASecret> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.halves().0);
        let signed = self.pair()?.sign(text);
        Ok([
            format!("v1a,{}", BASE64.encode(signed.as_ref())),
            format!("v1,{}", BASE64.encode(hmac::sign(&key, text).as_ref())),
        ])
    }
}

/// The headers that make a body a signed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`: seconds.
    pub timestamp: String,
    /// `webhook-signature`: all of them, with spaces between.
    pub signature: String,
}

/// Signs a message with every secret in use, newest first.
///
/// # Errors
/// [`NotASecret`].
pub fn sign(
    secrets: &[WebhookSecret],
    id: &str,
    at: TimeMs,
    body: &[u8],
) -> Result<SignedHeaders, NotASecret> {
    let timestamp = at.0.div_euclid(1_000).to_string();
    let mut text = format!("{id}.{timestamp}.").into_bytes();
    text.extend_from_slice(body);
    let mut signatures = Vec::with_capacity(2 * secrets.len());
    for secret in secrets {
        signatures.extend(secret.sign(&text)?);
    }
    if signatures.is_empty() {
        return Err(NotASecret);
    }
    Ok(SignedHeaders { id: id.to_owned(), timestamp, signature: signatures.join(" ") })
}

/// A message to post.
#[derive(Debug)]
pub struct Post<'a> {
    /// Where to.
    pub url: &'a str,
    /// The message's id: the same for each try of the same message.
    pub id: &'a str,
    /// The moment of this try.
    pub at: TimeMs,
    /// The body, which is JSON.
    pub body: Vec<u8>,
}

/// Posts a message, signed with every secret in use.
///
/// # Errors
/// [`CallError`]: whether it arrived is not known, unless the call was refused here.
pub async fn post(
    client: &HttpClient,
    post: Post<'_>,
    secrets: &[WebhookSecret],
    deadline: Duration,
) -> Result<Answer, CallError> {
    let form = CallError::Refused(RefusedCall::Form);
    let signed = sign(secrets, post.id, post.at, &post.body).map_err(|_| form)?;
    let request = Request::post(post.url)
        .header("content-type", "application/json")
        .header("user-agent", concat!("casemate/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", signed.id)
        .header("webhook-timestamp", signed.timestamp)
        .header("webhook-signature", signed.signature)
        .body(Bytes::from(post.body))
        .map_err(|_| form)?;
    let bounds = Bounds { deadline, ..Bounds::default() };
    let answer = client.call_within(request, bounds).await?;
    Ok(Answer::of(&answer))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    use proptest::prelude::*;

    use super::*;

    fn secret(byte: u8) -> WebhookSecret {
        WebhookSecret::new([byte; SECRET_BYTES])
    }

    /// The library compares with the machine's own time.
    #[allow(clippy::disallowed_methods, reason = "the oracle reads the system's clock")]
    fn now() -> TimeMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        TimeMs(i64::try_from(since.as_millis()).unwrap())
    }

    /// Whether the published library takes a message, as a receiver would.
    fn accepted(shared: &str, headers: &SignedHeaders, body: &[u8]) -> bool {
        let webhook = standardwebhooks::Webhook::new(shared).unwrap();
        let mut map = ::http::HeaderMap::new();
        map.insert("webhook-id", headers.id.parse().unwrap());
        map.insert("webhook-timestamp", headers.timestamp.parse().unwrap());
        map.insert("webhook-signature", headers.signature.parse().unwrap());
        webhook.verify(body, &map).is_ok()
    }

    #[test]
    fn the_published_known_answer_is_ours_too() {
        // Standard Webhooks, libraries/rust, `test_sign`: secret, message and signature.
        let shared = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &shared);
        let text = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        let signature = BASE64.encode(hmac::sign(&key, text).as_ref());
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_receiver_of_either_secret_accepts_what_both_signed_and_no_third_one_does() {
        let body = br#"{"type":"audit.entries"}"#;
        let headers = sign(&[secret(2), secret(1)], "msg_1", now(), body).unwrap();
        assert!(accepted(&secret(1).shared(), &headers, body));
        assert!(accepted(&secret(2).shared(), &headers, body));
        assert!(!accepted(&secret(3).shared(), &headers, body));
        assert!(!accepted(&secret(2).shared(), &headers, b"{}"));
    }

    #[test]
    fn the_public_key_checks_the_first_signature() {
        let headers = sign(&[secret(7)], "msg_1", TimeMs(5_000), b"x").unwrap();
        let first = headers.signature.split(' ').next().unwrap().strip_prefix("v1a,").unwrap();
        let public = secret(7).public().unwrap();
        let public = BASE64.decode(public.strip_prefix("whpk_").unwrap().as_bytes()).unwrap();
        let key = UnparsedPublicKey::new(&ED25519, public);
        let signature = BASE64.decode(first.as_bytes()).unwrap();
        assert!(key.verify(b"msg_1.5.x", &signature).is_ok());
        assert!(key.verify(b"msg_1.6.x", &signature).is_err());
    }

    #[test]
    fn nothing_goes_out_unsigned() {
        assert_eq!(sign(&[], "msg_1", TimeMs(0), b"x"), Err(NotASecret));
        assert!(WebhookSecret::read(&[0; 63]).is_err());
    }

    proptest! {
        #[test]
        fn every_body_is_accepted_by_the_published_library(
            bytes: [u8; 32], body: Vec<u8>, before_ms in 0_i64..200_000,
        ) {
            let mut whole = [0; SECRET_BYTES];
            whole[..32].copy_from_slice(&bytes);
            let secret = WebhookSecret::new(whole);
            let shared = secret.shared();
            let headers = sign(&[secret], "msg_x", now().plus_ms(-before_ms), &body).unwrap();
            // The library reads bodies as text.
            prop_assert!(std::str::from_utf8(&body).is_err() || accepted(&shared, &headers, &body));
        }
    }
}

//! The cookie of a way to an identity provider and back.
//!
//! Always true: it signs nobody in by itself; with what the provider said it proves that the
//! browser that comes back is the one that went.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::header::COOKIE;
use http::request::Parts;

use crate::house::House;

/// The name. The prefix makes browsers keep it to this host, over TLS.
const NAME: &str = "__Host-casemate-sso";

/// The cookie's value; empty when there is none.
#[derive(Clone)]
pub struct SsoCookie(pub String);

impl FromRequestParts<House> for SsoCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _house: &House) -> Result<Self, Infallible> {
        let all = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values = all.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == NAME).then(|| value.to_owned())
        });
        Ok(Self(values.next().unwrap_or_default()))
    }
}

/// The header that has a browser keep the cookie for as long as the way is open.
#[must_use]
pub fn kept(value: &str) -> Option<HeaderValue> {
    let seconds = domain::limits::SSO_TRANSACTION_MS / 1_000;
    let text = format!("{NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    HeaderValue::from_str(&text).ok()
}

//! Whoever will hold a session or holds a key: the proof beside a request (RFC 9449), and whether
//! its refresh token stays in a cookie; and the device it says it is.
//!
//! Always true: the URL that a proof must speak about is made of this server's own addresses and
//! the path, never of what the request says about its host.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::HeaderName;
use http::request::Parts;
use identity::dpop::{Errand, Thumbprint};
use identity::guard::DeviceToken;
use identity::sessions::Holder;

use crate::cookie;
use crate::house::House;
use crate::problem::{Code, Problem, Refusal};

/// Where a proof stands.
static PROOF: HeaderName = HeaderName::from_static("dpop");

/// Where a device names itself.
static DEVICE: HeaderName = HeaderName::from_static("casemate-device");

/// The device that the sender says it is, for a session whose holder is known otherwise.
#[derive(Debug, Clone)]
pub struct OnDevice(pub Option<DeviceToken>);

/// The key that the sender proved to hold, if they sent a proof.
#[derive(Debug, Clone, Copy)]
pub struct Held(pub Option<Thumbprint>);

/// The key that the sender proved to hold.
#[derive(Debug, Clone, Copy)]
pub struct Holds(pub Thumbprint);

/// What will hold a session that begins with this request.
#[derive(Debug, Clone)]
pub struct NewHolder(pub Holder);

impl FromRequestParts<House> for Held {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let Some(text) = proof(&parts.headers)? else { return Ok(Self(None)) };
        let errand = errand(parts, house);
        identity::dpop::holder(house.identity(), text, &errand, None)
            .map(|key| Self(Some(key)))
            .map_err(Refusal::problem)
    }
}

impl FromRequestParts<House> for Holds {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let Held(key) = Held::from_request_parts(parts, house).await?;
        key.map(Self).ok_or_else(|| Problem::new(Code::AuthProofNeeded))
    }
}

impl FromRequestParts<House> for NewHolder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let Held(key) = Held::from_request_parts(parts, house).await?;
        let holder = match key {
            Some(key) => Holder::of_key(&key),
            None if cookie::wanted(&parts.headers) => Holder::browser(),
            None => Holder::api(),
        };
        Ok(Self(holder.on_device(device(&parts.headers))))
    }
}

impl FromRequestParts<House> for OnDevice {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _house: &House) -> Result<Self, Infallible> {
        Ok(Self(device(&parts.headers)))
    }
}

/// What the request says about its device: in the header, else in the browser's cookie. What is no
/// token of ours is as good as none, so nothing here is refused.
fn device(headers: &HeaderMap) -> Option<DeviceToken> {
    if let Some(value) = headers.get(&DEVICE) {
        return value.to_str().ok().map(DeviceToken::presented);
    }
    cookie::device(headers).map(DeviceToken::presented)
}

/// The one proof of a request, if any.
pub(super) fn proof(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut given = headers.get_all(&PROOF).iter();
    let invalid = || Problem::new(Code::AuthProofInvalid);
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| invalid()),
        (Some(_), Some(_)) => Err(invalid()),
    }
}

/// What a proof beside this request must speak about.
pub(super) fn errand(parts: &Parts, house: &House) -> Errand {
    Errand {
        method: parts.method.as_str().to_owned(),
        urls: house.addresses().urls(parts.uri.path()),
    }
}

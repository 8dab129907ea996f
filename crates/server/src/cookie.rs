//! Where a browser keeps its refresh token and the name of its device: cookies that no script
//! reads.
//!
//! Always true
//! 1. A request with `Casemate-Refresh: cookie` never gets a refresh token in a body: the answer's
//!    goes into the cookie, whatever endpoint gave it.
//! 2. An unsafe request that brings the cookie along is judged by where it comes from
//!    (`Sec-Fetch-Site`, else `Origin`): another site's is refused before its handler runs.
//! 3. The cookie opens one endpoint, the refresh, and only with that header beside it, which no
//!    other site can send.
//!
//! Sources: RFC 6265bis (`__Host-`), Fetch Metadata, ASVS 5.0 3.3 and 3.5.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::limits;
use http::header::{CONTENT_LENGTH, COOKIE, HeaderName, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use identity::tokens::RefreshToken;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::house::House;
use crate::problem::{Code, Problem};

const NAME: &str = "__Host-casemate-refresh";
/// Of the device token, which outlives sessions and proves nothing.
const DEVICE: &str = "__Host-casemate-device";
/// As long as browsers keep a cookie (RFC 6265bis section 5.5).
const DEVICE_AGE_S: u32 = 400 * 24 * 60 * 60;
const ATTRIBUTES: &str = "Secure; HttpOnly; SameSite=Strict; Path=/";
/// Asks for the cookie.
static WANTED: HeaderName = HeaderName::from_static("casemate-refresh");
/// Where a request comes from, as the browser says.
static SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the sender keeps its refresh token in the cookie.
pub(crate) fn wanted(headers: &HeaderMap) -> bool {
    headers.get(&WANTED).is_some_and(|value| value == "cookie")
}

/// The refresh token in the cookie, for a sender that keeps it there.
pub(crate) fn token(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    if wanted(headers) { kept(headers) } else { None }
}

/// The device token in its cookie.
pub(crate) fn device(headers: &HeaderMap) -> Option<&str> {
    value_of(headers, DEVICE)
}

fn kept(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    value_of(headers, NAME).map(|value| Zeroizing::new(value.to_owned()))
}

fn value_of<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// The middleware: judges what brings the cookie along, and moves refresh tokens into it.
pub(crate) async fn cookie(State(house): State<House>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let (wanted, kept) = (wanted(headers), kept(headers));
    if kept.is_some() && !request.method().is_safe() && !same_origin(&house, headers) {
        return Problem::new(Code::AuthCrossSite).into_response();
    }
    if !wanted {
        return next.run(request).await;
    }
    let over = ends(&request, kept.as_deref().map(String::as_str));
    let response = next.run(request).await;
    match over {
        Some(over) if over.reached(response.status()) => cleared(response),
        _ => moved(response).await,
    }
}

/// Whether this server's own page sent the request. A browser says where a request comes from in
/// at least one of two headers; one that says neither sends no cookie here.
fn same_origin(house: &House, headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(&SITE), text(&ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => house.addresses().holds(origin),
        (None, None) => false,
    }
}

/// What makes the cookie useless.
enum Over {
    /// Its session was ended by the request.
    SignedOut,
    /// Its token was refused.
    Refused,
}

impl Over {
    fn reached(&self, status: StatusCode) -> bool {
        match self {
            Self::SignedOut => status.is_success(),
            Self::Refused => status == StatusCode::UNAUTHORIZED,
        }
    }
}

fn ends(request: &Request, kept: Option<&str>) -> Option<Over> {
    let path = request.uri().path();
    if request.method() == Method::POST && path == "/v1/sessions/refresh" {
        return Some(Over::Refused);
    }
    let session = RefreshToken::parse(kept?).ok()?.session();
    let own = request.method() == Method::DELETE && path == format!("/v1/sessions/{session}");
    own.then_some(Over::SignedOut)
}

fn cleared(mut response: Response) -> Response {
    let gone = HeaderValue::from_str(&format!("{NAME}=; Max-Age=0; {ATTRIBUTES}"));
    if let Ok(gone) = gone {
        response.headers_mut().append(SET_COOKIE, gone);
    }
    response
}

/// The header that sets a cookie.
fn setting(name: &str, token: Zeroizing<String>, age_s: i64) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("{name}={}; Max-Age={age_s}; {ATTRIBUTES}", token.as_str()));
    let mut set = HeaderValue::from_str(&text).ok()?;
    set.set_sensitive(true);
    Some(set)
}

/// The same answer, its refresh and device tokens in cookies instead of the body.
async fn moved(response: Response) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let is_json =
        parts.headers.get("content-type").is_some_and(|media| media == "application/json");
    if !is_json {
        return Response::from_parts(parts, body);
    }
    let Ok(whole) = Limited::new(body, limits::BODY_BYTES_MAX).collect().await else {
        return Problem::internal(&"an answer too large for a browser").into_response();
    };
    let whole = Zeroizing::new(whole.to_bytes().to_vec());
    let mut value: Value = serde_json::from_slice(&whole).unwrap_or_default();
    let mut taken = false;
    for (field, name, age_s) in [
        ("refresh_token", NAME, limits::SESSION_IDLE_MS_MAX / 1_000),
        ("device_token", DEVICE, i64::from(DEVICE_AGE_S)),
    ] {
        let token = value.as_object_mut().and_then(|object| object.remove(field));
        let Some(Value::String(token)) = token else { continue };
        let Some(set) = setting(name, Zeroizing::new(token), age_s) else {
            return Problem::internal(&"a token that no header holds").into_response();
        };
        parts.headers.append(SET_COOKIE, set);
        taken = true;
    }
    if !taken {
        return Response::from_parts(parts, Body::from(whole.to_vec()));
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(serde_json::to_vec(&value).unwrap_or_default()))
}

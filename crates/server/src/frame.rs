//! The frame around every request: its id, where it came from, its share of the rate, its deadline,
//! and on the way out the problem's body and the headers that every answer carries.
//!
//! Always true
//! 1. Every answer has a `casemate-request-id`, made here; one that a client sends is ignored.
//! 2. A panic, a timeout and an unknown path become problems like any other refusal.
//! 3. The peer's address is that of the connection; no forwarding header is believed.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Origin, RequestId, UserAgent, limits};
use futures_util::FutureExt;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tracing::Instrument;

use crate::house::House;
use crate::leftover::Shared;
use crate::problem::{Code, Problem};
use crate::rate::{Rate, RateKey};

/// Names the request in answers, logs and entries.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("casemate-request-id");

/// What is known about a request before anybody looked at its credential.
#[derive(Debug)]
pub struct Frame {
    /// Where it came from.
    pub origin: Origin,
    rate: Mutex<Option<Rate>>,
}

impl Frame {
    /// Notes the rate that was charged last; the answer shows it.
    pub fn charge(&self, rate: Rate) {
        *self.rate.lock().unwrap_or_else(PoisonError::into_inner) = Some(rate);
    }

    fn charged(&self) -> Option<Rate> {
        *self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The middleware. It must be the outermost layer.
pub async fn frame(State(house): State<House>, mut request: Request, next: Next) -> Response {
    let frame = Arc::new(Frame { origin: origin(&house, &request), rate: Mutex::new(None) });
    let id = frame.origin.request;
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id, %method, tenant = tracing::field::Empty);
    let admitted = admit(&house, &frame, request.headers());
    request.extensions_mut().insert(Arc::clone(&frame));
    let (parts, body) = request.into_parts();
    let body = Shared::new(body);
    let request = Request::from_parts(parts, Body::new(body.clone()));
    let response = match admitted {
        Err(problem) => problem.into_response(),
        Ok(()) => answer(next.run(request)).instrument(span.clone()).await,
    };
    if !body.is_end_stream() {
        body.discard().await;
    }
    house.metrics().answered(response.status());
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), "answered"));
    dress(response, &frame, &method)
}

/// Runs the handler under its deadline, and turns a panic into a problem.
async fn answer(handler: impl Future<Output = Response>) -> Response {
    let guarded = AssertUnwindSafe(handler).catch_unwind();
    match tokio::time::timeout(Duration::from_millis(limits::REQUEST_MS_MAX), guarded).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Problem::internal(&"the handler panicked").into_response(),
        Err(_elapsed) => Problem::new(Code::TimedOut).retry_after_ms(1_000).into_response(),
    }
}

fn origin(house: &House, request: &Request) -> Origin {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        request: house.mint().id::<RequestId>(),
        ip: peer.map(|ConnectInfo(address)| address.ip()),
        user_agent: agent.and_then(|text| UserAgent::parse(text).ok()),
    }
}

/// Charges the network: once for every request, and once more for those without a credential.
fn admit(house: &House, frame: &Frame, headers: &HeaderMap) -> Result<(), Problem> {
    let ip = frame.origin.ip.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    house.charge(frame, RateKey::network(ip))?;
    if headers.contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    house.charge(frame, RateKey::anonymous(ip))
}

fn dress(response: Response, frame: &Frame, method: &Method) -> Response {
    let mut response = match as_problem(&response) {
        Some(problem) => written(response, &problem, frame),
        None => response,
    };
    if *method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&frame.origin.request.to_string()) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    if let Some(rate) = frame.charged() {
        for (name, number) in [
            ("ratelimit-limit", rate.limit),
            ("ratelimit-remaining", rate.remaining),
            ("ratelimit-reset", rate.reset_s),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
        }
    }
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Headers of every answer. The API is read by programs: a browser that is led here must neither
/// render, nor frame, nor cache, nor guess a type.
const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// The problem that a handler put beside its answer, or the one that the router's own refusal
/// stands for.
fn as_problem(response: &Response) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    match response.status() {
        StatusCode::NOT_FOUND => Some(Problem::new(Code::NotFound)),
        StatusCode::METHOD_NOT_ALLOWED => Some(Problem::new(Code::MethodNotAllowed)),
        status if status.is_client_error() => Some(Problem::new(Code::InputMalformed)),
        status if status.is_server_error() => {
            Some(Problem::internal(&"an answer without a problem"))
        }
        _ => None,
    }
}

fn written(response: Response, problem: &Problem, frame: &Frame) -> Response {
    let body = serde_json::to_vec(&problem.body(frame.origin.request)).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.status = problem.code.status();
    parts.headers.remove(header::CONTENT_LENGTH);
    let media = HeaderValue::from_static("application/problem+json");
    parts.headers.insert(header::CONTENT_TYPE, media);
    if let Some(seconds) = problem.retry_after_s {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if parts.status == StatusCode::UNAUTHORIZED {
        // RFC 9110 section 11.6.1: a 401 names the scheme that would be accepted.
        let scheme = HeaderValue::from_static(match problem.code {
            // RFC 9449 section 7.1.
            Code::AuthProofNeeded => "DPoP algs=\"EdDSA ES256\"",
            Code::AuthProofInvalid => "DPoP error=\"invalid_dpop_proof\", algs=\"EdDSA ES256\"",
            _ => "Bearer realm=\"casemate\"",
        });
        parts.headers.insert(header::WWW_AUTHENTICATE, scheme);
    }
    Response::from_parts(parts, Body::from(body))
}

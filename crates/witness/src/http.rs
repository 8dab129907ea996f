//! `POST /add-checkpoint`, as C2SP tlog-witness has it. Plain HTTP: TLS is a proxy's, or a
//! tunnel's.
//!
//! Never: a session, a cookie, a log line with a request's text.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::Clock;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use http_body_util::{BodyExt, Limited};
use ledger::witness::{REQUEST_BYTES_MAX, Refusal, SIZE_MEDIA};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::desk::{Desk, NotSigned};
use crate::pace::Pace;

/// Longest wait for a request's body.
const BODY_MS_MAX: u64 = 10_000;
/// Requests that are read at once; each holds at most one body.
const REQUESTS_AT_ONCE_MAX: usize = 64;

#[derive(Clone)]
struct Counter {
    desk: Arc<Desk>,
    clock: Arc<dyn Clock>,
    pace: Arc<Pace>,
    places: Arc<Semaphore>,
}

/// Serves until `stop` is ready, and lets what was begun come to its end.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    desk: Arc<Desk>,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router(desk, clock).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// The routes.
pub fn router(desk: Arc<Desk>, clock: Arc<dyn Clock>) -> Router {
    let places = Arc::new(Semaphore::new(REQUESTS_AT_ONCE_MAX));
    let counter = Counter { desk, clock, pace: Arc::default(), places };
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/key", get(key))
        .with_state(counter)
}

/// The public key, for whoever sets up a log or a policy.
async fn key(State(counter): State<Counter>) -> String {
    format!("{}\n", counter.desk.key().public())
}

async fn add_checkpoint(
    State(counter): State<Counter>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Body,
) -> Response {
    if !counter.pace.admits(peer.ip(), counter.clock.now()) {
        return later(StatusCode::TOO_MANY_REQUESTS, "60");
    }
    let Ok(_place) = counter.places.try_acquire() else {
        return later(StatusCode::SERVICE_UNAVAILABLE, "1");
    };
    let Some(body) = whole(body).await else { return refused(Refusal::Form) };
    let desk = Arc::clone(&counter.desk);
    let answer = tokio::task::spawn_blocking(move || desk.add_checkpoint(&body)).await;
    match answer {
        Ok(Ok(line)) => line.into_response(),
        Ok(Err(NotSigned::Refused(refusal))) => refused(refusal),
        Ok(Err(NotSigned::Trouble)) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The body as text; `None` when it is too long, too slow or no text.
async fn whole(body: Body) -> Option<String> {
    let limited = Limited::new(body, REQUEST_BYTES_MAX).collect();
    let read = tokio::time::timeout(Duration::from_millis(BODY_MS_MAX), limited).await;
    String::from_utf8(read.ok()?.ok()?.to_bytes().into()).ok()
}

fn refused(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match refusal {
        Refusal::Conflict { size } => {
            (status, [(CONTENT_TYPE, SIZE_MEDIA)], format!("{size}\n")).into_response()
        }
        other => (status, format!("{other}\n")).into_response(),
    }
}

fn later(status: StatusCode, seconds: &'static str) -> Response {
    let header: [(HeaderName, &str); 1] = [(RETRY_AFTER, seconds)];
    (status, header).into_response()
}

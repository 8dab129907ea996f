//! `/healthz`, `/readyz` and `/metrics`, on a loopback port of their own without TLS.
//!
//! Never: a tenant's name, id or number.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;
use store::StoreError;

use crate::house::House;

/// A part that does not answer within this is not ready.
const ANSWER_MS_MAX: u64 = 2_000;

/// The pages.
pub(crate) fn router(house: House) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(house)
}

/// Ready when the store reads, the broker answers and revocations are known.
async fn ready(State(house): State<House>) -> Response {
    let within = Duration::from_millis(ANSWER_MS_MAX);
    let reads = house.store().platform_read(|tx| {
        tx.bootstrap().done()?;
        Ok::<_, StoreError>(())
    });
    let store = matches!(tokio::time::timeout(within, reads).await, Ok(Ok(())));
    let broker = matches!(tokio::time::timeout(within, house.broker().status()).await, Ok(Ok(_)));
    let status = if store && broker { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "ready": store && broker, "store": store, "broker": broker });
    (status, axum::Json(body)).into_response()
}

async fn metrics(State(house): State<House>) -> Response {
    let text = house.metrics().text(house.identity().passwords_hashed());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

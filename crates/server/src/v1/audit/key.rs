//! `GET /v1/audit/key`

use axum::extract::State;
use broker::BrokerError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// The key that verifies this installation's logs and receipts.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogKey {
    /// In the form of C2SP signed notes.
    pub key: String,
}

/// The key that verifies this installation's logs
///
/// Public. Keep the one from the first visit: a key fetched together with an export proves nothing
/// about it.
#[utoipa::path(get, path = "/v1/audit/key", operation_id = "audit_key", tag = "audit")]
pub async fn key(State(house): State<House>) -> Result<Reply<200, LogKey>, Refused<BrokerError>> {
    let key = house.broker().log_key().await?;
    Ok(Reply::new(LogKey { key }))
}

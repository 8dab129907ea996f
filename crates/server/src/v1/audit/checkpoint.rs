//! `GET /v1/audit/checkpoint`

use axum::extract::State;
use domain::TimeMs;
use notary::NotaryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::{StreamQuery, hex};
use crate::extract::{Member, Query};
use crate::house::House;
use crate::problem::{Code, Problem, Refused};
use crate::reply::Reply;
use crate::shapes;

/// The newest signed state of a log.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckpointAnswer {
    /// How many entries it covers.
    pub size: u64,
    /// The root of their tree.
    #[schema(value_type = shapes::HashText)]
    pub root: String,
    /// When it was signed.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub at_ms: TimeMs,
    /// The signed note (C2SP tlog-checkpoint).
    pub checkpoint: String,
}

/// The newest signed checkpoint of a log
///
/// Not found until the log has its first entry.
#[utoipa::path(
    get, path = "/v1/audit/checkpoint", operation_id = "audit_checkpoint", tag = "audit",
    params(StreamQuery), security(("session" = []), ("key" = []))
)]
pub async fn checkpoint(
    State(house): State<House>,
    member: Member,
    Query(wanted): Query<StreamQuery>,
) -> Result<Reply<200, CheckpointAnswer>, Refused<NotaryError>> {
    let stream = super::stream(wanted.stream);
    let newest = notary::latest_checkpoint(house.store(), &member.scope, stream).await?;
    let newest = newest.ok_or_else(|| Refused::because(Problem::new(Code::NotFound)))?;
    Ok(Reply::new(CheckpointAnswer {
        size: newest.size,
        root: hex(&newest.root),
        at_ms: newest.at,
        checkpoint: newest.note,
    }))
}

//! `GET /v1/audit/openings`

use axum::extract::State;
use domain::limits;
use ledger::Opening;
use notary::NotaryError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::LogName;
use crate::extract::{Member, Query};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;

/// Largest size that every reader of JSON tells from its neighbours (RFC 8259 section 6).
const SIZE_MAX: u64 = 9_007_199_254_740_991;

/// Which part of the openings.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OpeningsQuery {
    /// Which log; `workspace` when absent.
    #[param(required = false, nullable = false, inline)]
    pub stream: Option<LogName>,
    /// Only checkpoints of more entries than this.
    #[param(required = false, nullable = false, maximum = 9_007_199_254_740_991_i64, example = 0)]
    pub after: Option<u64>,
}

/// What opens a log's leaves in the log of checkpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpeningsAnswer {
    /// In the order of their sizes.
    pub items: Vec<OpeningItem>,
    /// Whether more follow: ask again after the last size.
    pub more: bool,
}

/// One opening.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpeningItem {
    /// How many entries the published checkpoint covers.
    pub size: u64,
    /// The opening as the verifier reads it.
    pub opening: String,
}

/// What opens this log's leaves in the public log of checkpoints
///
/// With it and a copy of that log, `casemate verify` finds every checkpoint that was ever published
/// for the workspace's log. Whoever has it can tell which leaves are the workspace's.
#[utoipa::path(
    get, path = "/v1/audit/openings", operation_id = "audit_openings", tag = "audit",
    params(OpeningsQuery), security(("session" = []), ("key" = []))
)]
pub async fn openings(
    State(house): State<House>,
    member: Member,
    Query(wanted): Query<OpeningsQuery>,
) -> Result<Reply<200, OpeningsAnswer>, Refused<NotaryError>> {
    let (stream, after) = (super::stream(wanted.stream), wanted.after.unwrap_or(0));
    if after > SIZE_MAX {
        let rule = format!("it is {SIZE_MAX} at most");
        return Err(Refused::because(Problem::invalid("after", rule)));
    }
    let count = limits::PAGE_ITEMS_MAX;
    let found = notary::list_openings(house.store(), &member.scope, stream, after, count).await?;
    let items = found.items.iter().map(item).collect();
    Ok(Reply::new(OpeningsAnswer { items, more: found.more }))
}

fn item(opening: &Opening) -> OpeningItem {
    OpeningItem { size: opening.checkpoint.size, opening: opening.text() }
}

//! `GET /v1/audit/proofs/consistency`

use axum::extract::State;
use notary::NotaryError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{LogName, hex};
use crate::extract::{Member, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Which two sizes of the log.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// The smaller size.
    #[param(maximum = 9_007_199_254_740_991_i64, example = 1)]
    pub from: u64,
    /// The larger size.
    #[param(maximum = 9_007_199_254_740_991_i64, example = 1)]
    pub to: u64,
    /// Which log; `workspace` when absent.
    #[param(required = false, nullable = false, inline)]
    pub stream: Option<LogName>,
}

/// A proof that the log only grew (RFC 6962 section 2.1.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsistencyAnswer {
    /// The smaller size.
    pub from: u64,
    /// The larger size.
    pub to: u64,
    /// The nodes.
    #[schema(value_type = Vec<shapes::HashText>)]
    pub path: Vec<String>,
}

/// A proof that the log only grew between two sizes
#[utoipa::path(
    get, path = "/v1/audit/proofs/consistency", operation_id = "audit_consistency",
    tag = "audit", params(ConsistencyQuery), security(("session" = []), ("key" = []))
)]
pub async fn consistency(
    State(house): State<House>,
    member: Member,
    Query(wanted): Query<ConsistencyQuery>,
) -> Result<Reply<200, ConsistencyAnswer>, Refused<NotaryError>> {
    let ConsistencyQuery { from, to, stream } = wanted;
    let (store, stream) = (house.store(), super::stream(stream));
    let proof = notary::consistency_proof(store, &member.scope, stream, from, to).await?;
    Ok(Reply::new(ConsistencyAnswer {
        from: proof.from,
        to: proof.to,
        path: proof.path.iter().map(hex).collect(),
    }))
}

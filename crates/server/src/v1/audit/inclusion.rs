//! `GET /v1/audit/proofs/inclusion`

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

/// Which entry, in which size of the log.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InclusionQuery {
    /// The entry's place in the log.
    #[param(maximum = 9_007_199_254_740_991_i64, example = 0)]
    pub index: u64,
    /// The size of the log.
    #[param(maximum = 9_007_199_254_740_991_i64, example = 1)]
    pub size: u64,
    /// Which log; `workspace` when absent.
    #[param(required = false, nullable = false, inline)]
    pub stream: Option<LogName>,
}

/// A proof that an entry is in the log (RFC 6962 section 2.1.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct InclusionAnswer {
    /// The entry's place in the log.
    pub index: u64,
    /// The size of the log.
    pub size: u64,
    /// The entry's leaf hash.
    #[schema(value_type = shapes::HashText)]
    pub leaf: String,
    /// The siblings, lowest first.
    #[schema(value_type = Vec<shapes::HashText>)]
    pub path: Vec<String>,
}

/// A proof that an entry is in the log
#[utoipa::path(
    get, path = "/v1/audit/proofs/inclusion", operation_id = "audit_inclusion", tag = "audit",
    params(InclusionQuery), security(("session" = []), ("key" = []))
)]
pub async fn inclusion(
    State(house): State<House>,
    member: Member,
    Query(wanted): Query<InclusionQuery>,
) -> Result<Reply<200, InclusionAnswer>, Refused<NotaryError>> {
    let InclusionQuery { index, size, stream } = wanted;
    let (store, stream) = (house.store(), super::stream(stream));
    let proof = notary::inclusion_proof(store, &member.scope, stream, index, size).await?;
    Ok(Reply::new(InclusionAnswer {
        index: proof.index,
        size: proof.size,
        leaf: hex(&proof.leaf),
        path: proof.path.iter().map(hex).collect(),
    }))
}

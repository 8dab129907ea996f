//! `GET /v1/audit/entries/{index}`

use axum::extract::State;
use notary::NotaryError;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Entry, StreamQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// The entry of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct EntryPath {
    /// Its place in the log, from 0.
    #[param(maximum = 9_007_199_254_740_991_i64)]
    pub index: u64,
}

/// The entry at an index
#[utoipa::path(
    get, path = "/v1/audit/entries/{index}", operation_id = "audit_entry", tag = "audit",
    params(EntryPath, StreamQuery), security(("session" = []), ("key" = []))
)]
pub async fn entry(
    State(house): State<House>,
    member: Member,
    Path(at): Path<EntryPath>,
    Query(wanted): Query<StreamQuery>,
) -> Result<Reply<200, Entry>, Refused<NotaryError>> {
    let stream = super::stream(wanted.stream);
    let entry = notary::show_entry(house.store(), &member.scope, stream, at.index).await?;
    Entry::try_from(entry).map(Reply::new).map_err(Refused::because)
}

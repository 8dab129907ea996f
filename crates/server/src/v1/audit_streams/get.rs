//! `GET /v1/teams/{team}/audit_streams/{stream}`

use axum::extract::State;
use notary::streams::StreamError;

use super::{AuditStream, StreamPath};
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// A stream, and how it stands
#[utoipa::path(
    get, path = "/v1/teams/{team}/audit_streams/{stream}", operation_id = "audit_streams_get",
    tag = "audit", params(StreamPath), security(("session" = []), ("key" = []))
)]
pub async fn get(
    State(house): State<House>,
    member: Member,
    Path(at): Path<StreamPath>,
) -> Result<Reply<200, AuditStream>, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let found = notary::streams::find(house.store(), &member.scope, at.stream).await?;
    Ok(Reply::new(AuditStream::from(found)))
}

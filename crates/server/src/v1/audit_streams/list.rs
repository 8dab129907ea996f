//! `GET /v1/teams/{team}/audit_streams`

use axum::extract::State;
use notary::streams::StreamError;

use super::AuditStream;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::members::TeamPath;

listing!(AuditStreamList of AuditStream);

/// Streams of the workspace's logs, and how they stand
#[utoipa::path(
    get, path = "/v1/teams/{team}/audit_streams", operation_id = "audit_streams_list",
    tag = "audit", params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
) -> Result<Reply<200, AuditStreamList>, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let all = notary::streams::list(house.store(), &member.scope).await?;
    let items = all.into_iter().map(AuditStream::from).collect();
    Ok(Reply::new(AuditStreamList { items, next_cursor: None }))
}

//! `POST /v1/teams/{team}/audit_streams/{stream}/pause`

use axum::extract::State;
use domain::streams::StreamState;
use notary::streams::StreamError;

use super::{AuditStream, StreamPath};
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// Have a stream stand still
///
/// Needs a second factor given within five minutes. Nothing is lost: it goes on where it stood.
#[utoipa::path(
    post, path = "/v1/teams/{team}/audit_streams/{stream}/pause",
    operation_id = "audit_streams_pause", tag = "audit",
    params(StreamPath), security(("session" = []), ("key" = []))
)]
pub async fn pause(
    State(house): State<House>,
    member: Member,
    Path(at): Path<StreamPath>,
) -> Result<Reply<200, AuditStream>, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let wanted = (at.stream, StreamState::Paused);
    let done = notary::streams::stand(house.store(), &scope, factor_at, wanted).await?;
    Ok(house.answer(done, AuditStream::from).await)
}

//! `POST /v1/teams/{team}/audit_streams/{stream}/resume`

use axum::extract::State;
use domain::streams::StreamState;
use notary::streams::StreamError;

use super::{AuditStream, StreamPath};
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// Have a stream go on
///
/// Needs a second factor given within five minutes. At once, where it stood: also one that ended by
/// itself.
#[utoipa::path(
    post, path = "/v1/teams/{team}/audit_streams/{stream}/resume",
    operation_id = "audit_streams_resume", tag = "audit",
    params(StreamPath), security(("session" = []), ("key" = []))
)]
pub async fn resume(
    State(house): State<House>,
    member: Member,
    Path(at): Path<StreamPath>,
) -> Result<Reply<200, AuditStream>, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let wanted = (at.stream, StreamState::Running);
    let done = notary::streams::stand(house.store(), &scope, factor_at, wanted).await?;
    Ok(house.answer(done, AuditStream::from).await)
}

//! `DELETE /v1/teams/{team}/audit_streams/{stream}`

use axum::extract::State;
use notary::streams::StreamError;

use super::StreamPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Have a log sent to a receiver no more
///
/// Needs a second factor given within five minutes. Its secrets are gone with it.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/audit_streams/{stream}",
    operation_id = "audit_streams_remove", tag = "audit",
    params(StreamPath), security(("session" = []), ("key" = []))
)]
pub async fn remove(
    State(house): State<House>,
    member: Member,
    Path(at): Path<StreamPath>,
) -> Result<Empty, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let removed = notary::streams::remove(house.store(), &scope, factor_at, at.stream).await?;
    Ok(house.done(removed).await)
}

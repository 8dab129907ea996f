//! `POST /v1/teams/{team}/audit_streams/{stream}/test`

use axum::extract::State;
use domain::streams::StreamTrouble;
use notary::streams::{StreamError, Tested, send_test};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StreamPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// How a test ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditStreamTest {
    /// Whether the receiver took it.
    pub taken: bool,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "unreachable")]
    pub trouble: Option<StreamTrouble>,
}

/// Send a test record to a stream's receiver
///
/// Needs a second factor given within five minutes. It moves nothing, and waits 15 seconds at most.
#[utoipa::path(
    post, path = "/v1/teams/{team}/audit_streams/{stream}/test",
    operation_id = "audit_streams_test", tag = "audit",
    params(StreamPath), security(("session" = []), ("key" = []))
)]
pub async fn test(
    State(house): State<House>,
    member: Member,
    Path(at): Path<StreamPath>,
) -> Result<Reply<200, AuditStreamTest>, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let tested = send_test(house.sender(), &scope, factor_at, at.stream).await?;
    let show = |Tested(trouble)| AuditStreamTest { taken: trouble.is_none(), trouble };
    Ok(house.answer(tested, show).await)
}

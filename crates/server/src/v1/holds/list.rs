//! `GET /v1/teams/{team}/holds`

use axum::extract::State;
use notary::NotaryError;
use notary::holds::list_holds;
use serde::Serialize;
use utoipa::ToSchema;

use super::Hold;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::members::TeamPath;

/// The holds on a security log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldList {
    /// The holds, lifted ones among them; the newest 200.
    pub items: Vec<Hold>,
}

/// The holds on the workspace's security log
///
/// Those of the platform's staff are among them, and so are lifted ones.
#[utoipa::path(
    get, path = "/v1/teams/{team}/holds", operation_id = "holds_list", tag = "audit",
    params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
) -> Result<Reply<200, HoldList>, Refused<NotaryError>> {
    member.of(at.team).map_err(Refused::because)?;
    let holds = list_holds(house.store(), &member.scope).await?;
    Ok(Reply::new(HoldList { items: holds.into_iter().map(Hold::from).collect() }))
}

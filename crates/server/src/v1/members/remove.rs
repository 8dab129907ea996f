//! `DELETE /v1/teams/{team}/members/{user}`

use axum::extract::State;
use identity::TeamError;
use identity::members;

use super::MemberPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Remove a member, or leave the team
///
/// Their rights end at once, and so do the API keys they made.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/members/{user}", operation_id = "members_remove",
    tag = "members", params(MemberPath), security(("session" = []), ("key" = []))
)]
pub async fn remove(
    State(house): State<House>,
    member: Member,
    Path(at): Path<MemberPath>,
) -> Result<Empty, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let removed = members::remove(house.store(), &scope, factor_at, at.user).await?;
    Ok(house.done(removed).await)
}

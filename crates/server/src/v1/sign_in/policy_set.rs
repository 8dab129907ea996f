//! `PUT /v1/teams/{team}/sign_in_policy`

use axum::extract::State;
use identity::sso::ManageError;

use super::{Policy, PolicyShape};
use crate::extract::{IfMatch, IfMatchHeader, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::members::TeamPath;

/// Change how people may sign in to the workspace
///
/// Needs a second factor given within five minutes. When passwords are taken no more, members who
/// came by one are put out of the workspace at once; the owner is not.
#[utoipa::path(
    put, path = "/v1/teams/{team}/sign_in_policy", operation_id = "sign_in_policy_set",
    tag = "workspaces",
    params(TeamPath, IfMatchHeader), security(("session" = []), ("key" = []))
)]
pub async fn set(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    if_match: IfMatch,
    Json(body): Json<PolicyShape>,
) -> Result<Reply<200, Policy>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let (Member { scope, factor_at }, identity) = (member, house.identity());
    let before = identity::sso::policy(identity, &scope, factor_at).await?;
    if_match.check(super::version(before.updated_at)).map_err(Refused::because)?;
    let policy = body.value.into();
    let set = identity::sso::set_policy(identity, &scope, factor_at, policy).await?;
    Ok(house.answer(set, Policy::from).await)
}

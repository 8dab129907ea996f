//! `GET /v1/teams/{team}/sign_in_policy`

use axum::extract::State;
use identity::sso::ManageError;

use super::Policy;
use crate::extract::precondition::tag;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::members::TeamPath;

/// How people may sign in to the workspace
#[utoipa::path(
    get, path = "/v1/teams/{team}/sign_in_policy", operation_id = "sign_in_policy_get",
    tag = "workspaces", params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn get(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
) -> Result<Reply<200, Policy>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let identity = house.identity();
    let stored = identity::sso::policy(identity, &member.scope, member.factor_at).await?;
    let tag = tag(super::version(stored.updated_at));
    Ok(Reply::new(Policy::from(stored)).tag(tag))
}

//! `POST /v1/teams/{team}/providers`

use axum::extract::State;
use identity::sso::ManageError;

use super::{OwnProvider, SetProvider};
use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::members::TeamPath;

/// Trust an identity provider
///
/// Needs a second factor given within five minutes. It opens this workspace and no other.
#[utoipa::path(
    post, path = "/v1/teams/{team}/providers", operation_id = "providers_add",
    tag = "workspaces", params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn add(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Json(body): Json<SetProvider>,
) -> Result<Reply<201, OwnProvider>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let new = body.value.read().map_err(Refused::because)?;
    let (Member { scope, factor_at }, identity) = (member, house.identity());
    let added = identity::sso::add_provider(identity, &scope, factor_at, new).await?;
    Ok(house.answer(added, OwnProvider::from).await)
}

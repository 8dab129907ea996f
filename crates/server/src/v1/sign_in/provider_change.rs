//! `PUT /v1/teams/{team}/providers/{provider}`

use axum::extract::State;
use identity::sso::ManageError;

use super::{OwnProvider, ProviderPath, SetProvider};
use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// Change an identity provider and its secret
///
/// Needs a second factor given within five minutes.
#[utoipa::path(
    put, path = "/v1/teams/{team}/providers/{provider}", operation_id = "providers_change",
    tag = "workspaces", params(ProviderPath), security(("session" = []), ("key" = []))
)]
pub async fn change(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProviderPath>,
    Json(body): Json<SetProvider>,
) -> Result<Reply<200, OwnProvider>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let new = body.value.read().map_err(Refused::because)?;
    let (Member { scope, factor_at }, identity) = (member, house.identity());
    let changed =
        identity::sso::change_provider(identity, &scope, factor_at, at.provider, new).await?;
    Ok(house.answer(changed, OwnProvider::from).await)
}

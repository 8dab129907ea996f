//! `GET /v1/teams/{team}/providers`

use axum::extract::State;
use identity::sso::ManageError;

use super::OwnProvider;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::members::TeamPath;

listing!(ProviderList of OwnProvider);

/// Identity providers of the workspace's own
#[utoipa::path(
    get, path = "/v1/teams/{team}/providers", operation_id = "providers_list", tag = "workspaces",
    params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
) -> Result<Reply<200, ProviderList>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let identity = house.identity();
    let all = identity::sso::providers(identity, &member.scope, member.factor_at).await?;
    let items = all.into_iter().map(OwnProvider::from).collect();
    Ok(Reply::new(ProviderList { items, next_cursor: None }))
}

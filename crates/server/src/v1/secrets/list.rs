//! `GET /v1/projects/{project}/environments/{environment}/secrets`

use axum::extract::State;
use vault::VaultError;
use vault::secrets::list_secrets;

use super::Secret;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::environments::EnvironmentPath;

listing!(SecretList of Secret);

/// The secrets of an environment, without their values
#[utoipa::path(
    get, path = "/v1/projects/{project}/environments/{environment}/secrets",
    operation_id = "secrets_list", tag = "secrets",
    params(EnvironmentPath, PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<EnvironmentPath>,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, SecretList>, Refused<VaultError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let (project, environment) = (at.project, at.environment);
    let listing = list_secrets(house.store(), &member.scope, project, environment, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.id.uuid(), Secret::from);
    Ok(Reply::new(SecretList { items, next_cursor }))
}

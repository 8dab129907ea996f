//! `DELETE /v1/teams/{team}/providers/{provider}`

use axum::extract::State;
use identity::sso::ManageError;

use super::ProviderPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Trust an identity provider no more
///
/// Needs a second factor given within five minutes.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/providers/{provider}", operation_id = "providers_remove",
    tag = "workspaces", params(ProviderPath), security(("session" = []), ("key" = []))
)]
pub async fn remove(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProviderPath>,
) -> Result<Empty, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let (Member { scope, factor_at }, identity) = (member, house.identity());
    let removed = identity::sso::remove_provider(identity, &scope, factor_at, at.provider).await?;
    Ok(house.done(removed).await)
}

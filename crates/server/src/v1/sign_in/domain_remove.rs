//! `DELETE /v1/teams/{team}/domains/{domain}`

use axum::extract::State;
use identity::sso::ManageError;

use super::DomainPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Give an e-mail domain up
///
/// Needs a second factor given within five minutes.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/domains/{domain}", operation_id = "domains_remove",
    tag = "workspaces", params(DomainPath), security(("session" = []), ("key" = []))
)]
pub async fn remove(
    State(house): State<House>,
    member: Member,
    Path(at): Path<DomainPath>,
) -> Result<Empty, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let (Member { scope, factor_at }, identity) = (member, house.identity());
    let removed = identity::sso::remove_domain(identity, &scope, factor_at, at.domain).await?;
    Ok(house.done(removed).await)
}

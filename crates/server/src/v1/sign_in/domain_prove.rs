//! `POST /v1/teams/{team}/domains/{domain}/prove`

use axum::extract::State;
use identity::sso::ManageError;

use super::{Domain, DomainPath};
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// Prove the claim to an e-mail domain
///
/// Looks for the text record now. Needs a second factor given within five minutes.
#[utoipa::path(
    post, path = "/v1/teams/{team}/domains/{domain}/prove", operation_id = "domains_prove",
    tag = "workspaces", params(DomainPath), security(("session" = []), ("key" = []))
)]
pub async fn prove(
    State(house): State<House>,
    member: Member,
    Path(at): Path<DomainPath>,
) -> Result<Reply<200, Domain>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let (Member { scope, factor_at }, identity) = (member, house.identity());
    let proved = identity::sso::prove_domain(identity, &scope, factor_at, at.domain).await?;
    Ok(house.answer(proved, Domain::from).await)
}

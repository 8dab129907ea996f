//! `POST /v1/teams/{team}/domains`

use axum::extract::State;
use domain::DomainName;
use identity::sso::ManageError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Domain;
use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::members::TeamPath;

/// A domain to claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "domain": "acme.example" }))]
pub struct ClaimDomain {
    /// The domain.
    #[schema(value_type = shapes::DomainText)]
    pub domain: DomainName,
}

/// Claim an e-mail domain
///
/// Needs a second factor given within five minutes. The answer names the text record that proves
/// the claim.
#[utoipa::path(
    post, path = "/v1/teams/{team}/domains", operation_id = "domains_claim",
    tag = "workspaces", params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn claim(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Json(body): Json<ClaimDomain>,
) -> Result<Reply<201, Domain>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let (Member { scope, factor_at }, identity) = (member, house.identity());
    let domain = body.value.domain;
    let claimed = identity::sso::claim_domain(identity, &scope, factor_at, domain).await?;
    Ok(house.answer(claimed, Domain::from).await)
}

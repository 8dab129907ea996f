//! `GET /v1/teams/{team}/domains`

use axum::extract::State;
use identity::sso::ManageError;

use super::Domain;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;
use crate::v1::members::TeamPath;

listing!(DomainList of Domain);

/// E-mail domains that the workspace claims
#[utoipa::path(
    get, path = "/v1/teams/{team}/domains", operation_id = "domains_list", tag = "workspaces",
    params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
) -> Result<Reply<200, DomainList>, Refused<ManageError>> {
    member.of(at.team).map_err(Refused::because)?;
    let identity = house.identity();
    let all = identity::sso::domains(identity, &member.scope, member.factor_at).await?;
    let items = all.into_iter().map(Domain::from).collect();
    Ok(Reply::new(DomainList { items, next_cursor: None }))
}

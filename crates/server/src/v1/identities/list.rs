//! `GET /v1/account/identities`

use axum::extract::State;
use identity::sso::SsoError;

use super::Identity;
use crate::extract::Account;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;

listing!(IdentityList of Identity);

/// The providers that the caller is recognised by
#[utoipa::path(
    get, path = "/v1/account/identities", operation_id = "identities_list", tag = "sessions",
    security(("session" = []))
)]
pub async fn list(
    State(house): State<House>,
    account: Account,
) -> Result<Reply<200, IdentityList>, Refused<SsoError>> {
    let all = identity::sso::list_identities(house.identity(), &account.scope).await?;
    let items = all.into_iter().map(Identity::from).collect();
    Ok(Reply::new(IdentityList { items, next_cursor: None }))
}

//! `POST /v1/account/identities/{transaction}/confirm`

use axum::extract::State;
use identity::sso::SsoError;

use super::Identity;
use crate::extract::{Account, Path, SsoCookie};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::sso::TransactionPath;

/// Link the identity that the provider named
///
/// In the session that began it, with the cookie that it was given.
#[utoipa::path(
    post, path = "/v1/account/identities/{transaction}/confirm",
    operation_id = "identities_confirm", tag = "sessions", params(TransactionPath),
    security(("session" = []))
)]
pub async fn confirm(
    State(house): State<House>,
    account: Account,
    Path(at): Path<TransactionPath>,
    cookie: SsoCookie,
) -> Result<Reply<201, Identity>, Refused<SsoError>> {
    let (identity, scope) = (house.identity(), &account.scope);
    let linked = identity::sso::confirm_link(identity, scope, at.transaction, &cookie.0).await?;
    Ok(house.answer(linked, Identity::from).await)
}

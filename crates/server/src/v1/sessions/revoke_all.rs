//! `POST /v1/sessions/revoke-all`

use axum::extract::State;
use identity::sessions::AccountError;

use crate::extract::Account;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// End all of one's own sessions, the one that asks among them
#[utoipa::path(
    post, path = "/v1/sessions/revoke-all", operation_id = "sessions_revoke_all",
    tag = "sessions", security(("session" = []))
)]
pub async fn revoke_all(
    State(house): State<House>,
    account: Account,
) -> Result<Empty, Refused<AccountError>> {
    let ended = identity::sessions::revoke_all(house.identity(), &account.scope).await?;
    Ok(house.done(ended).await)
}

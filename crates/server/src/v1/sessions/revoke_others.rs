//! `DELETE /v1/sessions`

use axum::extract::State;
use identity::sessions::AccountError;

use crate::extract::Account;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// End all of one's own sessions but the one that asks
#[utoipa::path(
    delete, path = "/v1/sessions", operation_id = "sessions_revoke_others", tag = "sessions",
    security(("session" = []))
)]
pub async fn revoke_others(
    State(house): State<House>,
    account: Account,
) -> Result<Empty, Refused<AccountError>> {
    let ended = identity::sessions::revoke_others(house.identity(), &account.scope).await?;
    Ok(house.done(ended).await)
}

//! `DELETE /v1/account/passkeys/{passkey}`

use axum::extract::State;
use identity::passkeys::PasskeyError;

use super::PasskeyPath;
use crate::extract::{Account, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Remove a passkey
///
/// Needs a second factor given within five minutes. A member of the staff keeps at least one.
#[utoipa::path(
    delete, path = "/v1/account/passkeys/{passkey}", operation_id = "passkeys_remove",
    tag = "passkeys", params(PasskeyPath), security(("session" = []))
)]
pub async fn remove(
    State(house): State<House>,
    account: Account,
    Path(at): Path<PasskeyPath>,
) -> Result<Empty, Refused<PasskeyError>> {
    let identity = house.identity();
    let removed = identity::passkeys::remove(identity, &account.scope, at.passkey).await?;
    Ok(house.done(removed).await)
}

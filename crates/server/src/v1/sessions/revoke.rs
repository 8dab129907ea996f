//! `DELETE /v1/sessions/{session}`

use axum::extract::State;
use identity::sessions::AccountError;

use super::SessionPath;
use crate::extract::{Account, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// End one of one's own sessions
///
/// The session that asks ends too, when it is the one named: that is signing out.
#[utoipa::path(
    delete, path = "/v1/sessions/{session}", operation_id = "sessions_revoke", tag = "sessions",
    params(SessionPath), security(("session" = []))
)]
pub async fn revoke(
    State(house): State<House>,
    account: Account,
    Path(at): Path<SessionPath>,
) -> Result<Empty, Refused<AccountError>> {
    let ended = identity::sessions::revoke(house.identity(), &account.scope, at.session).await?;
    Ok(house.done(ended).await)
}

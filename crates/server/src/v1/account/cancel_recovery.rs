//! `POST /v1/account/recoveries/{recovery}/cancel`

use axum::extract::State;
use identity::recoveries;
use identity::sessions::AccountError;

use crate::extract::{Account, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;
use crate::v1::recoveries::RecoveryPath;

/// Cancel a recovery of one's own account
///
/// Any session of the person does, without a fresh factor.
#[utoipa::path(
    post, path = "/v1/account/recoveries/{recovery}/cancel",
    operation_id = "account_recoveries_cancel", tag = "account", params(RecoveryPath),
    security(("session" = []))
)]
pub async fn cancel(
    State(house): State<House>,
    account: Account,
    Path(at): Path<RecoveryPath>,
) -> Result<Empty, Refused<AccountError>> {
    let done = recoveries::cancel(house.identity(), &account.scope, at.recovery).await?;
    Ok(house.done(done).await)
}

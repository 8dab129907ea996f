//! `GET /v1/account/recoveries`

use axum::extract::State;
use identity::recoveries;
use identity::sessions::AccountError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Account;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::recoveries::OpenRecovery;

/// What is open about one's own account: at most one.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnRecoveries {
    /// The recovery that is not over.
    #[schema(max_items = 1)]
    pub items: Vec<OpenRecovery>,
}

/// Whether somebody asked to recover one's own account
#[utoipa::path(
    get, path = "/v1/account/recoveries", operation_id = "account_recoveries", tag = "account",
    security(("session" = []))
)]
pub async fn recoveries(
    State(house): State<House>,
    account: Account,
) -> Result<Reply<200, OwnRecoveries>, Refused<AccountError>> {
    let open = recoveries::of_account(house.identity(), &account.scope).await?;
    Ok(Reply::new(OwnRecoveries { items: open.into_iter().map(OpenRecovery::from).collect() }))
}

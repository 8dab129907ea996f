//! `GET /v1/account/security-log`

use axum::extract::State;
use domain::limits;
use identity::sessions::AccountError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Account, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::audit::Entry;

/// One page.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecurityLog {
    /// The entries.
    #[schema(max_items = 1000)]
    pub items: Vec<Entry>,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::CursorText>)]
    pub next_cursor: Option<String>,
    /// For how many days entries are kept.
    #[schema(example = 90)]
    pub kept_days: u32,
}

/// What happened to one's own account, newest first
///
/// Sign-ins and failures, ended sessions, factors and uses of the API. An event is here within a
/// second or two.
#[utoipa::path(
    get, path = "/v1/account/security-log", operation_id = "account_security_log",
    tag = "sessions", params(PageQuery), security(("session" = []))
)]
pub async fn list(
    State(house): State<House>,
    account: Account,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, SecurityLog>, Refused<AccountError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let listing = identity::account_log(house.identity(), &account.scope, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.entry.uuid(), Entry::try_from);
    let items = items.into_iter().collect::<Result<_, _>>().map_err(Refused::because)?;
    Ok(Reply::new(SecurityLog { items, next_cursor, kept_days: limits::SECURITY_LOG_DAYS }))
}

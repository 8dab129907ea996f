//! `GET /v1/account/passkeys`

use axum::extract::State;
use identity::sessions::AccountError;

use super::Passkey;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Account, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;

listing!(PasskeyList of Passkey);

/// One's own passkeys
#[utoipa::path(
    get, path = "/v1/account/passkeys", operation_id = "passkeys_list", tag = "passkeys",
    params(PageQuery), security(("session" = []))
)]
pub async fn list(
    State(house): State<House>,
    account: Account,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, PasskeyList>, Refused<AccountError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let listing = identity::passkeys::list(house.identity(), &account.scope, page).await?;
    let shown = |one| Passkey::of(house.identity().hardware_roots(), one);
    let (items, next_cursor) = cursor::page(listing, |one| one.id.uuid(), shown);
    Ok(Reply::new(PasskeyList { items, next_cursor }))
}

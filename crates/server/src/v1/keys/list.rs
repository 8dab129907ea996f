//! `GET /v1/keys`

use axum::extract::State;
use identity::TeamError;

use super::Key;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::listing;

listing!(KeyList of Key);

/// The workspace's API keys, without their secrets
#[utoipa::path(
    get, path = "/v1/keys", operation_id = "keys_list", tag = "keys",
    params(PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, KeyList>, Refused<TeamError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let listing = identity::keys::list(house.store(), &scope, factor_at, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.id.uuid(), Key::from);
    Ok(Reply::new(KeyList { items, next_cursor }))
}

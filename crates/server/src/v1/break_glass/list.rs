//! `GET /v1/staff/break_glass`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vault::break_glass::{GlassError, list_for_staff};

use super::AskedBreakGlass;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Hand, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// One page.
#[derive(Debug, Serialize, ToSchema)]
pub struct AskedBreakGlassList {
    /// The items.
    #[schema(max_items = 200)]
    pub items: Vec<AskedBreakGlass>,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::CursorText>)]
    pub next_cursor: Option<String>,
}

/// What staff asked for, oldest first
#[utoipa::path(
    get, path = "/v1/staff/break_glass", operation_id = "break_glass_list", tag = "staff",
    params(PageQuery), security(("session" = []))
)]
pub async fn list(
    State(house): State<House>,
    hand: Hand,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, AskedBreakGlassList>, Refused<GlassError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let listing = list_for_staff(house.store(), &hand.0, page).await?;
    let (items, next_cursor) =
        cursor::page(listing, |one| one.asked.id.uuid(), AskedBreakGlass::from);
    Ok(Reply::new(AskedBreakGlassList { items, next_cursor }))
}

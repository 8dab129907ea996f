//! `GET /v1/teams/{team}/break_glass`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vault::break_glass::{GlassError, list_for_workspace};

use super::AgreedBreakGlass;
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::members::TeamPath;

/// One page.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgreedBreakGlassList {
    /// The items.
    #[schema(max_items = 200)]
    pub items: Vec<AgreedBreakGlass>,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::CursorText>)]
    pub next_cursor: Option<String>,
}

/// What the platform's staff agreed to open of the workspace, oldest first
#[utoipa::path(
    get, path = "/v1/teams/{team}/break_glass", operation_id = "break_glass_list_of_team",
    tag = "workspaces", params(TeamPath, PageQuery), security(("session" = []), ("key" = []))
)]
pub async fn list_of_team(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, AgreedBreakGlassList>, Refused<GlassError>> {
    member.of(at.team).map_err(Refused::because)?;
    let page = page.by_id().map_err(Refused::because)?;
    let listing = list_for_workspace(house.store(), &member.scope, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.id.uuid(), AgreedBreakGlass::from);
    Ok(Reply::new(AgreedBreakGlassList { items, next_cursor }))
}

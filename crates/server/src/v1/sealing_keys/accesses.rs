//! `GET /v1/teams/{team}/sealing_keys/accesses`

use axum::extract::State;
use domain::{EntryId, TimeMs};
use ledger::EntryView;
use serde::Serialize;
use store::LoggedEntry;
use utoipa::ToSchema;
use vault::VaultError;
use vault::sealing::list_accesses;

use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Path, Query};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes;
use crate::v1::members::TeamPath;

/// One page.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealingAccessList {
    /// The items.
    #[schema(max_items = 200)]
    pub items: Vec<SealingAccess>,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::CursorText>)]
    pub next_cursor: Option<String>,
}

/// One opening of the workspace's records, as the broker's own journal has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealingAccess {
    /// The entry in the workspace's log.
    #[schema(value_type = shapes::IdText)]
    pub entry_id: EntryId,
    /// When the opening was made durable; the unwrapping came after.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub at_ms: TimeMs,
    /// By whom.
    #[schema(example = "user:01890a5d-ac96-774b-bcce-b302099a8057")]
    pub actor: String,
    /// For what.
    #[schema(example = "reveal")]
    pub purpose: String,
    /// In which request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::IdText>)]
    pub request: Option<String>,
    /// Which records, by the scope of their key.
    #[schema(value_type = Object)]
    pub records: serde_json::Value,
    /// Who of the staff agreed on it, and until when, where they broke the glass for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub break_glass: Option<serde_json::Value>,
}

fn shown(logged: LoggedEntry) -> Result<SealingAccess, Problem> {
    let view = EntryView::read(&logged.body).map_err(|error| Problem::internal(&error))?;
    let said = view.new.unwrap_or_default();
    let text = |field: &str| said.get(field).and_then(|text| text.as_str()).map(str::to_owned);
    Ok(SealingAccess {
        entry_id: logged.entry,
        at_ms: said.get("at_ms").and_then(serde_json::Value::as_i64).map_or(logged.at, TimeMs),
        actor: text("actor").unwrap_or_default(),
        purpose: text("purpose").unwrap_or_default(),
        request: text("request"),
        records: said.get("records").cloned().unwrap_or_default(),
        break_glass: said.get("break_glass").cloned(),
    })
}

/// Who had the workspace's records opened, newest first
#[utoipa::path(
    get, path = "/v1/teams/{team}/sealing_keys/accesses",
    operation_id = "sealing_keys_accesses", tag = "workspaces", params(TeamPath, PageQuery),
    security(("session" = []), ("key" = []))
)]
pub async fn accesses(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, SealingAccessList>, Refused<VaultError>> {
    member.of(at.team).map_err(Refused::because)?;
    let page = page.by_id().map_err(Refused::because)?;
    let listing = list_accesses(house.store(), &member.scope, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.entry.uuid(), shown);
    let items = items.into_iter().collect::<Result<_, _>>().map_err(Refused::because)?;
    Ok(Reply::new(SealingAccessList { items, next_cursor }))
}

//! `GET /v1/teams/{team}/sealing_keys`

use axum::extract::State;
use domain::TimeMs;
use serde::Serialize;
use utoipa::ToSchema;
use vault::VaultError;
use vault::sealing::{KeysSeen, see_keys};

use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::members::TeamPath;

/// The workspace's sealing keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealingKeys {
    /// The epoch of the seed that wraps them.
    pub epoch: u32,
    /// When that seed was made.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub epoch_since_ms: TimeMs,
    /// Days from one rotation to the next.
    #[schema(example = 90)]
    pub interval_days: u32,
    /// When the next rotation is due; absent while nothing was ever sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub due_at_ms: Option<TimeMs>,
    /// Since when a rotation is asked for and not finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub wanted_at_ms: Option<TimeMs>,
    /// When the last rotation finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub finished_at_ms: Option<TimeMs>,
    /// Since when a rotation is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub overdue_at_ms: Option<TimeMs>,
    /// The keys, oldest first; destroyed ones as names.
    #[schema(max_items = 100000)]
    pub items: Vec<SealingKey>,
}

/// A sealing key, without the key.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealingKey {
    /// Its id.
    #[schema(example = "00112233445566778899aabbccddeeff")]
    pub id: String,
    /// Which records it seals.
    #[schema(example = "environment/01890a5d-ac96-774b-bcce-b302099a8057")]
    pub scope: String,
    /// `active`, `retiring` or `destroyed`.
    #[schema(example = "active")]
    pub state: String,
    /// The epoch that wraps it.
    pub epoch: u32,
    /// When it was made.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub made_at_ms: TimeMs,
    /// Since when it retires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub retiring_at_ms: Option<TimeMs>,
    /// When it was destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub destroyed_at_ms: Option<TimeMs>,
}

impl From<KeysSeen> for SealingKeys {
    fn from(seen: KeysSeen) -> Self {
        let key = |key: broker::KeyFacts| SealingKey {
            id: key.id.to_string(),
            scope: super::scope_text(key.scope),
            state: key.state.as_str().to_owned(),
            epoch: key.epoch,
            made_at_ms: key.made_at,
            retiring_at_ms: key.retiring_at,
            destroyed_at_ms: key.destroyed_at,
        };
        let schedule = seen.schedule;
        Self {
            epoch: seen.keys.epoch,
            epoch_since_ms: seen.keys.epoch_since,
            interval_days: seen.interval_days,
            due_at_ms: seen.due_at,
            wanted_at_ms: schedule.as_ref().and_then(|schedule| schedule.wanted_at),
            finished_at_ms: schedule.as_ref().and_then(|schedule| schedule.finished_at),
            overdue_at_ms: schedule.as_ref().and_then(|schedule| schedule.overdue_at),
            items: seen.keys.keys.into_iter().map(key).collect(),
        }
    }
}

/// The ages of the workspace's sealing keys, and when they are due
#[utoipa::path(
    get, path = "/v1/teams/{team}/sealing_keys", operation_id = "sealing_keys_list",
    tag = "workspaces", params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn list(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
) -> Result<Reply<200, SealingKeys>, Refused<VaultError>> {
    member.of(at.team).map_err(Refused::because)?;
    let seen = see_keys(house.store(), house.broker(), &member.scope).await?;
    Ok(Reply::new(seen.into()))
}

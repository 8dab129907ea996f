//! `POST /v1/staff/break_glass`

use axum::extract::State;
use domain::{Reason, SecretId, TenantId, limits};
use serde::Deserialize;
use utoipa::ToSchema;
use vault::break_glass::{self, AskedGlass, GlassError};

use super::AskedBreakGlass;
use crate::extract::{Hand, Json};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes;

/// What is to be opened, why and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "workspace": "01890a5d-ac96-774b-bcce-b302099a8057",
    "secrets": ["01890a5d-ac96-774b-bcce-b302099a8058"],
    "reason": "incident 7: the shop's database does not answer",
    "minutes": 30
}))]
pub struct AskBreakGlass {
    /// Whose secrets.
    #[schema(value_type = shapes::IdText)]
    pub workspace: TenantId,
    /// Which; their ids stand in the workspace's listing of secrets.
    #[schema(value_type = Vec<shapes::IdText>, min_items = 1, max_items = 16)]
    pub secrets: Vec<SecretId>,
    /// Why; the workspace reads it.
    #[schema(value_type = shapes::ReasonText)]
    pub reason: Reason,
    /// Minutes from the agreement on.
    #[schema(minimum = 1, maximum = 60)]
    pub minutes: u32,
}

/// Ask another one of the staff to agree that secrets are opened
///
/// Nothing is opened by it. Somebody else has half an hour to agree.
#[utoipa::path(
    post, path = "/v1/staff/break_glass", operation_id = "break_glass_ask", tag = "staff",
    security(("session" = []))
)]
pub async fn ask(
    State(house): State<House>,
    hand: Hand,
    Json(body): Json<AskBreakGlass>,
) -> Result<Reply<201, AskedBreakGlass>, Refused<GlassError>> {
    let AskBreakGlass { workspace, secrets, reason, minutes } = body.value;
    if !(1..=limits::GLASS_SECRETS_MAX).contains(&secrets.len()) {
        let rule = format!("1 to {} secrets", limits::GLASS_SECRETS_MAX);
        return Err(Refused::because(Problem::invalid("secrets", rule)));
    }
    if !(1..=limits::GLASS_MINUTES_MAX).contains(&minutes) {
        let rule = format!("it is between 1 and {}", limits::GLASS_MINUTES_MAX);
        return Err(Refused::because(Problem::invalid("minutes", rule)));
    }
    let secrets = secrets.into_iter().collect();
    let wanted = AskedGlass { tenant: workspace, secrets, reason, minutes };
    let asked = break_glass::ask(house.store(), &hand.0, wanted).await?;
    Ok(house.answer(asked, AskedBreakGlass::from).await)
}

//! `POST /v1/teams/{team}/transfer`

use axum::extract::State;
use domain::UserId;
use identity::TeamError;
use identity::members;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TeamPath;
use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Who is to own the workspace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "01890a5d-ac96-774b-bcce-b302099a8057" }))]
pub struct TransferOwnership {
    /// A member of the team.
    #[schema(value_type = shapes::IdText)]
    pub to: UserId,
}

/// A workspace that changed hands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transferred {
    /// The owner from now on.
    #[schema(value_type = shapes::IdText)]
    pub owner: UserId,
    /// The owner until now, an admin from now on.
    #[schema(value_type = shapes::IdText)]
    pub admin: UserId,
}

/// Hand the workspace to another member
///
/// Needs a second factor given within five minutes. The owner until now becomes an admin.
#[utoipa::path(
    post, path = "/v1/teams/{team}/transfer", operation_id = "members_transfer",
    tag = "members", params(TeamPath), security(("session" = []), ("key" = []))
)]
pub async fn transfer(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    Json(body): Json<TransferOwnership>,
) -> Result<Reply<200, Transferred>, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let done = members::transfer(house.store(), &scope, factor_at, body.value.to).await?;
    let show = |change: domain::authz::TransferOwnership| Transferred {
        owner: change.to,
        admin: change.from,
    };
    Ok(house.answer(done, show).await)
}

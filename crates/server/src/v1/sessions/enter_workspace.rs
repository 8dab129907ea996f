//! `POST /v1/sessions/current/workspace`

use axum::extract::State;
use domain::TenantId;
use identity::sessions::EnterError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Tokens;
use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// A workspace to enter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "workspace": "01890a5d-ac96-774b-bcce-b302099a8057" }))]
pub struct EnterWorkspace {
    /// One that the person is a member of.
    #[schema(value_type = shapes::IdText)]
    pub workspace: TenantId,
}

/// Enter a workspace
///
/// A session is in one workspace at a time; the answer's tokens are bound to this one.
#[utoipa::path(
    post, path = "/v1/sessions/current/workspace", operation_id = "sessions_enter_workspace",
    tag = "sessions", security(("session" = []))
)]
pub async fn enter_workspace(
    State(house): State<House>,
    account: Account,
    Json(body): Json<EnterWorkspace>,
) -> Result<Reply<200, Tokens>, Refused<EnterError>> {
    let (identity, workspace) = (house.identity(), body.value.workspace);
    let entered = identity::sessions::enter_workspace(identity, &account.scope, workspace).await?;
    Ok(house.answer(entered, Tokens::from).await)
}

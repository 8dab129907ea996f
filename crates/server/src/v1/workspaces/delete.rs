//! `DELETE /v1/workspaces/{workspace}`

use axum::extract::State;
use identity::TeamError;
use identity::workspaces;

use super::WorkspacePath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Delete the workspace
///
/// Needs its owner and a second factor given within five minutes. Nothing in it can be used from
/// then on.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace}", operation_id = "workspaces_delete",
    tag = "workspaces", params(WorkspacePath), security(("session" = []), ("key" = []))
)]
pub async fn delete(
    State(house): State<House>,
    member: Member,
    Path(at): Path<WorkspacePath>,
) -> Result<Empty, Refused<TeamError>> {
    member.of(at.workspace).map_err(Refused::because)?;
    let deleted = workspaces::delete(house.store(), &member.scope, member.factor_at).await?;
    Ok(house.done(deleted).await)
}

//! `GET /v1/workspaces/{workspace}`

use axum::extract::State;
use identity::TeamError;
use identity::workspaces;

use super::{Workspace, WorkspacePath};
use crate::extract::precondition::tag;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// The workspace the caller is in
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}", operation_id = "workspaces_get",
    tag = "workspaces", params(WorkspacePath), security(("session" = []), ("key" = []))
)]
pub async fn get(
    State(house): State<House>,
    member: Member,
    Path(at): Path<WorkspacePath>,
) -> Result<Reply<200, Workspace>, Refused<TeamError>> {
    member.of(at.workspace).map_err(Refused::because)?;
    let view = workspaces::get(house.store(), &member.scope, member.factor_at).await?;
    let tag = tag(super::version(&view));
    Ok(Reply::new(Workspace::from(view)).tag(tag))
}

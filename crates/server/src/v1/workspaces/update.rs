//! `PATCH /v1/workspaces/{workspace}`

use axum::extract::State;
use domain::authz::UpdateWorkspace as Wanted;
use domain::{Name, TenantId};
use identity::TeamError;
use identity::workspaces;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::WorkspacePath;
use crate::extract::{IfMatch, IfMatchHeader, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// The settings from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "production_local_use": false }))]
pub struct UpdateWorkspace {
    /// Whether people may start programs on their own machines with production secrets.
    pub production_local_use: bool,
    /// Whether sessions begun by a device authorization may enter; as before when it is left out.
    pub device_sign_in: Option<bool>,
}

/// A workspace after a change of its settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdatedWorkspace {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: TenantId,
    /// Its name.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// Whether people may start programs on their own machines with production secrets.
    pub production_local_use: bool,
    /// Whether sessions begun by a device authorization may enter.
    pub device_sign_in: bool,
}

/// Change the workspace's settings
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace}", operation_id = "workspaces_update",
    tag = "workspaces",
    params(WorkspacePath, IfMatchHeader), security(("session" = []), ("key" = []))
)]
pub async fn update(
    State(house): State<House>,
    member: Member,
    Path(at): Path<WorkspacePath>,
    if_match: IfMatch,
    Json(body): Json<UpdateWorkspace>,
) -> Result<Reply<200, UpdatedWorkspace>, Refused<TeamError>> {
    member.of(at.workspace).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let before = workspaces::get(house.store(), &scope, factor_at).await?;
    if_match.check(super::version(&before)).map_err(Refused::because)?;
    let wanted = Wanted {
        production_local_use: body.value.production_local_use,
        device_sign_in: body.value.device_sign_in,
    };
    let updated = workspaces::update(house.store(), &scope, factor_at, wanted).await?;
    let show = |changed: Wanted| UpdatedWorkspace {
        id: before.workspace,
        name: before.settings.name,
        production_local_use: changed.production_local_use,
        device_sign_in: changed.device_sign_in.unwrap_or(before.settings.device_sign_in),
    };
    Ok(house.answer(updated, show).await)
}

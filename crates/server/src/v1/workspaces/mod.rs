//! `/v1/workspaces`: the isolation boundary.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod update;

use domain::authz::Role;
use domain::{Name, TenantId, TimeMs};
use identity::workspaces::WorkspaceView;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(
        get::get,
        update::update,
        delete::delete
    ))
}

/// The workspace of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct WorkspacePath {
    /// The workspace the credential is bound to. Another one is not found.
    #[param(value_type = shapes::IdText)]
    pub workspace: TenantId,
}

/// The workspace the caller is in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workspace {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: TenantId,
    /// Its name.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// The caller's rank; for a key, its creator's.
    #[schema(value_type = shapes::RoleText)]
    pub role: Role,
    /// Whether people may start programs on their own machines with production secrets.
    pub production_local_use: bool,
    /// Whether sessions begun by a device authorization may enter.
    pub device_sign_in: bool,
    /// When it was made.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
    /// When its settings last changed; also its entity tag.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub version: TimeMs,
}

impl From<WorkspaceView> for Workspace {
    fn from(view: WorkspaceView) -> Self {
        let WorkspaceView { workspace, settings, role } = view;
        Self {
            id: workspace,
            name: settings.name,
            role,
            production_local_use: settings.production_local_use,
            device_sign_in: settings.device_sign_in,
            created_at_ms: settings.created_at,
            version: settings.updated_at,
        }
    }
}

/// The version that `If-Match` names.
fn version(view: &WorkspaceView) -> u64 {
    u64::try_from(view.settings.updated_at.0).unwrap_or(0)
}

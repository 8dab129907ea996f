//! `GET /v1/workspaces`

use axum::extract::State;
use domain::authz::Role;
use domain::{Name, TenantId};
use identity::sessions::AccountError;
use identity::workspaces;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Account;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, listing};

/// A workspace of one's own list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedWorkspace {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: TenantId,
    /// Its name.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// The caller's rank there, when it last changed.
    #[schema(value_type = shapes::RoleText)]
    pub role: Role,
}

listing!(WorkspaceList of ListedWorkspace);

/// The workspaces the caller is a member of
///
/// All of them on one page.
#[utoipa::path(
    get, path = "/v1/workspaces", operation_id = "workspaces_list", tag = "workspaces",
    security(("session" = []))
)]
pub async fn list(
    State(house): State<House>,
    account: Account,
) -> Result<Reply<200, WorkspaceList>, Refused<AccountError>> {
    let found = workspaces::list(house.store(), &account.scope).await?;
    let show = |one: workspaces::ListedWorkspace| ListedWorkspace {
        id: one.workspace,
        name: one.name,
        role: one.role,
    };
    let items = found.into_iter().map(show).collect();
    Ok(Reply::new(WorkspaceList { items, next_cursor: None }))
}

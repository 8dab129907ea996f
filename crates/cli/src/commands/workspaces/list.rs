//! `workspaces list`.

use domain::authz::Role;
use domain::{Name, TenantId};
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// The workspaces you are a member of
#[derive(Debug, clap::Args)]
pub struct List {}

#[derive(Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) id: TenantId,
    pub(crate) name: Name,
    pub(crate) role: Role,
}

/// Lists them, and marks the one the session is in.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let list: Vec<Workspace> = names::whole(&mut account, &Call::new(op::WORKSPACES, &[])).await?;
    let current = account.session().workspace;
    context.output.list(&list, &["name", "role", "id", "in use"], |workspace| {
        vec![
            workspace.name.to_string(),
            workspace.role.to_string(),
            workspace.id.to_string(),
            if Some(workspace.id) == current { "yes" } else { "" }.to_owned(),
        ]
    })
}

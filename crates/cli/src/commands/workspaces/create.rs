//! `workspaces create`.

use domain::{Name, TenantId};
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::{Context, login};
use crate::failure::Failure;

/// Create a workspace and enter it
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Its name: 1 to 63 of a-z, 0-9 and -, a letter first
    name: Name,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a Name,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) id: TenantId,
    pub(crate) name: Name,
}

/// Creates it; the caller is its owner. The session is in it from now on.
///
/// Errors: too many workspaces.
pub(crate) async fn run(arguments: &Create, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let call = Call::new(op::WORKSPACE_CREATE, &[]).body(&Request { name: &arguments.name })?;
    let created: Response = account.ask(&call).await?;
    login::enter(&mut account, &created.id.to_string()).await?;
    context.output.result(&created, |created| {
        format!("Created workspace {} ({}). You own it, and are in it.", created.name, created.id)
    })
}

//! `workspaces delete`.

use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Delete the current workspace
#[derive(Debug, clap::Args)]
pub struct Delete {
    /// Its name, to be sure it is the right one
    workspace: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Deletes the workspace the session is in, after the person named it and agreed. Owner only; fresh
/// factor.
///
/// Errors: the name is not that of the current workspace; refused.
pub(crate) async fn run(arguments: &Delete, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let current = account.workspace()?;
    let named = names::workspace(&mut account, &arguments.workspace).await?;
    if named != current {
        return Err(Failure::input(
            format!("{:?} is not the workspace you are in", arguments.workspace),
            "Enter it first: `casemate workspaces use NAME`.",
        ));
    }
    let question =
        format!("Delete workspace {} and every secret in it for ever?", arguments.workspace);
    if !arguments.yes && !account.prompt().confirm(&question, "--yes")? {
        return Err(Failure::input("nothing was deleted", "Answer y to delete."));
    }
    account.call(&Call::new(op::WORKSPACE_DELETE, &[&current])).await?;
    context.output.result(&json!({ "deleted": current }), |_| "Deleted.".to_owned())
}

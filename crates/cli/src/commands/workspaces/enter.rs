//! `workspaces use`.

use serde_json::json;

use crate::commands::{Context, login};
use crate::failure::Failure;

/// Enter a workspace; every later command is about it
#[derive(Debug, clap::Args)]
pub struct Use {
    /// Its name or id
    workspace: String,
}

/// Binds the session to it.
///
/// Errors: there is none of this name; it does not let this session in.
pub(crate) async fn run(arguments: &Use, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let workspace = login::enter(&mut account, &arguments.workspace).await?;
    let value = json!({ "workspace": workspace });
    context.output.result(&value, |_| format!("In workspace {}.", arguments.workspace))
}

//! `members remove`.

use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Remove a member
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// E-mail address or id
    member: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Removes the member, with their keys and project memberships.
///
/// Errors: no such member; not below the caller; the person said no.
pub(crate) async fn run(arguments: &Remove, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let user = names::member(&mut account, &arguments.member).await?;
    let question = format!("Remove {} from the workspace?", arguments.member);
    if !arguments.yes && !account.prompt().confirm(&question, "--yes")? {
        return Err(Failure::input("nobody was removed", "Answer y to remove."));
    }
    account.call(&Call::new(op::MEMBER_REMOVE, &[&team, &user])).await?;
    let value = json!({ "removed": user });
    context.output.result(&value, |_| format!("Removed {}.", arguments.member))
}

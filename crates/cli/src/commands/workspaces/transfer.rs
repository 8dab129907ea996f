//! `workspaces transfer`.

use domain::UserId;
use serde::Serialize;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Hand the current workspace to another member
#[derive(Debug, clap::Args)]
pub struct Transfer {
    /// The new owner: e-mail address or id
    #[arg(long, value_name = "MEMBER")]
    to: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) to: UserId,
}

/// Hands the workspace over; the caller becomes an admin. Owner only; fresh factor.
///
/// Errors: no such member; refused.
pub(crate) async fn run(arguments: &Transfer, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let to = names::member(&mut account, &arguments.to).await?;
    let question = format!("Make {} the owner, and yourself an admin?", arguments.to);
    if !arguments.yes && !account.prompt().confirm(&question, "--yes")? {
        return Err(Failure::input("nothing was changed", "Answer y to hand over."));
    }
    let call = Call::new(op::WORKSPACE_TRANSFER, &[&team]).body(&Request { to })?;
    account.call(&call).await?;
    let value = json!({ "owner": to });
    context.output.result(&value, |_| format!("{} is the owner now.", arguments.to))
}

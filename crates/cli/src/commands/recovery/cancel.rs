//! `recovery cancel`.

use domain::RecoveryId;
use serde_json::json;

use super::list::Own;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Cancel a recovery of your own account
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// The recovery, as `casemate recovery list --own` shows it [default: the one that is open]
    recovery: Option<RecoveryId>,
}

/// Cancels it.
///
/// Errors: there is no such recovery of this person.
pub(crate) async fn run(arguments: &Cancel, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let recovery = match arguments.recovery {
        Some(recovery) => recovery,
        None => {
            let open: Own = account.ask(&Call::new(op::ACCOUNT_RECOVERIES, &[])).await?;
            open.items.first().map(|one| one.id).ok_or_else(nothing_open)?
        }
    };
    account.call(&Call::new(op::RECOVERY_CANCEL, &[&recovery])).await?;
    let value = json!({ "cancelled": recovery });
    context.output.result(&value, |_| "Cancelled.".to_owned())
}

fn nothing_open() -> Failure {
    Failure::input("nobody asked to recover your account", "There is nothing to cancel.")
}

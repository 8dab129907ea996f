//! `recovery cancel`.

use domain::RecoveryId;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Cancel a recovery of your own account
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// The recovery, as `casemate recovery list --own` shows it
    recovery: RecoveryId,
}

/// Cancels it.
///
/// Errors: there is no such recovery of this person.
pub(crate) async fn run(arguments: &Cancel, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    account.call(&Call::new(op::RECOVERY_CANCEL, &[&arguments.recovery])).await?;
    let value = json!({ "cancelled": arguments.recovery });
    context.output.result(&value, |_| "Cancelled.".to_owned())
}

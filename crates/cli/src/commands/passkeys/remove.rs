//! `passkeys remove`.

use domain::PasskeyId;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Remove a passkey; it opens nothing from then on
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The passkey to remove
    passkey: PasskeyId,
}

/// Removes it; a code is asked for when the last one is too old.
///
/// Errors: there is no such passkey of this person, or it is the last one of a member of the staff.
pub(crate) async fn run(arguments: &Remove, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    account.call(&Call::new(op::PASSKEY_REMOVE, &[&arguments.passkey])).await?;
    let value = json!({ "removed": arguments.passkey });
    context.output.result(&value, |_| "Removed.".to_owned())
}

//! `keys revoke`.

use domain::ApiKeyId;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Revoke a key
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// Its id, from `keys list`
    id: ApiKeyId,
}

/// Revokes it; within a second no server takes it any more.
///
/// Errors: there is none; its maker is not below the caller.
pub(crate) async fn run(arguments: &Revoke, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    account.call(&Call::new(op::KEY_REVOKE, &[&arguments.id])).await?;
    context.output.result(&json!({ "revoked": arguments.id }), |_| "Revoked.".to_owned())
}

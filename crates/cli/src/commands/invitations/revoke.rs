//! `invitations revoke`.

use domain::InvitationId;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Take an invitation back
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// Its id, from `invitations list`
    invitation: InvitationId,
}

/// Takes it back; its link and code open nothing any more.
///
/// Errors: there is none; the caller could not have sent it.
pub(crate) async fn run(arguments: &Revoke, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let call = Call::new(op::INVITATION_REVOKE, &[&team, &arguments.invitation]);
    account.call(&call).await?;
    let value = json!({ "revoked": arguments.invitation });
    context.output.result(&value, |_| "Taken back.".to_owned())
}

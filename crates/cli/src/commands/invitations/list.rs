//! `invitations list`.

use domain::authz::Role;
use domain::{InvitationId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// The open invitations of the current workspace
#[derive(Debug, clap::Args)]
pub struct List {}

#[derive(Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) expires_at_ms: TimeMs,
}

/// Lists them; their codes are known to whoever was shown them alone.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let list: Vec<Invitation> =
        names::all(&mut account, &Call::new(op::INVITATIONS, &[&team])).await?;
    context.output.list(&list, &["e-mail", "role", "until", "id"], |invitation| {
        vec![
            invitation.email.clone(),
            invitation.role.to_string(),
            written(invitation.expires_at_ms),
            invitation.id.to_string(),
        ]
    })
}

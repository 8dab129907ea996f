//! `break-glass reveal`.

use domain::{GlassId, SecretId};
use serde::Serialize;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::secrets::reveal::{Response, show};
use crate::failure::Failure;

/// Open one of the secrets agreed on; the workspace's log says so first
#[derive(Debug, clap::Args)]
pub struct Reveal {
    /// What was agreed on
    glass: GlassId,
    /// One of its secrets
    secret: SecretId,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) secret: SecretId,
}

/// Prints the value: its exact bytes into a pipe, with a line feed after them on a terminal, base64
/// with `--json`.
///
/// Errors: nothing stands that opens it; no fresh security key.
pub(super) async fn run(arguments: &Reveal, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let call = Call::new(op::BREAK_GLASS_REVEAL, &[&arguments.glass])
        .body(&Request { secret: arguments.secret })?;
    let revealed: Response = account.ask(&call).await?;
    show(&revealed, context)
}

//! `audit checkpoint`.

use domain::TimeMs;
use serde::{Deserialize, Serialize};

use super::log::Log;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::credentials::Piece;
use crate::failure::Failure;

/// The newest signed checkpoint
#[derive(Debug, clap::Args)]
pub struct Checkpoint {
    /// Of this log
    #[arg(long, default_value = "workspace")]
    log: Log,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) size: u64,
    pub(crate) root: String,
    pub(crate) at_ms: TimeMs,
    pub(crate) checkpoint: String,
}

/// Prints the signed note as it is, and keeps it: whoever has it can later prove that the log was
/// rewritten.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(arguments: &Checkpoint, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let response: Response =
        account.ask(&arguments.log.of(Call::new(op::AUDIT_CHECKPOINT, &[]))).await?;
    account.keep(vec![Piece::Checkpoint(response.checkpoint.clone())]);
    context.output.result(&response, |response| response.checkpoint.clone())
}

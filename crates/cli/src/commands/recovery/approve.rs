//! `recovery approve`.

use domain::{RecoveryId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Vouch for a member
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// The recovery, as `casemate recovery list` shows it
    recovery: RecoveryId,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Response {
    #[serde(default)]
    pub(crate) opens_at_ms: Option<TimeMs>,
}

/// Vouches; asks for a fresh code.
///
/// Errors: the member does not rank below the caller, or is the caller.
pub(crate) async fn run(arguments: &Approve, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let call = Call::new(op::RECOVERY_APPROVE, &[&team, &arguments.recovery]);
    let done: Response = account.ask(&call).await?;
    context.output.result(&done, |done| match done.opens_at_ms {
        Some(opens) => format!("Approved: it can be completed from {} on.", written(opens)),
        None => "Approved; another workspace of theirs has to approve too.".to_owned(),
    })
}

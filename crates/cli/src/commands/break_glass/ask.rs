//! `break-glass ask`.

use domain::{GlassId, Reason, SecretId, TenantId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Ask another one of the staff to agree that secrets are opened
#[derive(Debug, clap::Args)]
pub struct Ask {
    /// The workspace's id
    #[arg(long)]
    workspace: TenantId,
    /// A secret's id, as the workspace's `secrets list` shows it; several times for several
    #[arg(long = "secret-id", required = true)]
    secrets: Vec<SecretId>,
    /// Minutes from the agreement on
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=60))]
    minutes: u32,
    /// Why; the workspace reads it
    #[arg(long)]
    reason: Reason,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) workspace: TenantId,
    pub(crate) secrets: &'a [SecretId],
    pub(crate) reason: &'a Reason,
    pub(crate) minutes: u32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) id: GlassId,
    pub(crate) workspace: TenantId,
    pub(crate) secrets: Vec<SecretId>,
    pub(crate) reason: Reason,
    pub(crate) asked_by: String,
    pub(crate) expires_at_ms: TimeMs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until_ms: Option<TimeMs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at_ms: Option<TimeMs>,
}

/// Asks, and prints what the other person has to type.
///
/// Errors: not staff; no fresh security key; the workspace has no such secret.
pub(super) async fn run(arguments: &Ask, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let Ask { workspace, secrets, minutes, reason } = arguments;
    let request = Request { workspace: *workspace, secrets, reason, minutes: *minutes };
    let call = Call::new(op::BREAK_GLASS_ASK, &[]).body(&request)?;
    let asked: Asked = account.ask(&call).await?;
    context.output.result(&asked, |asked| {
        format!(
            "Asked. Another one of the staff agrees with `casemate break-glass approve {}` until {}.",
            asked.id,
            written(asked.expires_at_ms)
        )
    })
}

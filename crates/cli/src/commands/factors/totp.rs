//! `factors totp`: a new authenticator in the old one's place.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::password::change::{Others, Response};
use crate::commands::signup::{Authenticator, show_authenticator};
use crate::failure::Failure;
use crate::prompt::Question;

/// Replace your authenticator
#[derive(Debug, clap::Args)]
pub struct Totp {
    /// Read the new authenticator's first code from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    new_totp_file: Option<PathBuf>,
    /// Let your other sessions go on
    #[arg(long)]
    keep_other_sessions: bool,
}

#[derive(Serialize)]
pub(crate) struct ConfirmRequest<'a> {
    pub(crate) totp_code: &'a str,
    pub(crate) other_sessions: Others,
}

/// Shows the new authenticator's secret and takes its first code. The old one works until then.
///
/// Errors: the code is wrong; as [`crate::account::Account::call`].
pub(crate) async fn run(arguments: &Totp, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let new: Authenticator = account.ask(&Call::new(op::ACCOUNT_TOTP, &[])).await?;
    show_authenticator(context, &new)?;
    let code = account.prompt().hidden(&Question {
        label: "Code your new authenticator shows now",
        flag: "--new-totp-file",
        file: arguments.new_totp_file.as_deref(),
    })?;
    let request = ConfirmRequest {
        totp_code: code.trim(),
        other_sessions: Others::of(arguments.keep_other_sessions),
    };
    let call = Call::new(op::ACCOUNT_TOTP_CONFIRM, &[]).body(&request)?;
    let done: Response =
        account.exchange_fresh(&call, |answer| Ok((answer.json()?, answer.json()?))).await?;
    let value = json!({ "changed": "totp", "ended_sessions": done.ended_sessions });
    context.output.result(&value, |_| {
        "The new authenticator counts from now on, and the old one never again.".to_owned()
    })
}

//! `password change`.

use std::path::PathBuf;

use domain::SessionId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::prompt::Question;

/// Change your password
#[derive(Debug, clap::Args)]
pub struct Change {
    /// Read the old password from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    old_password_file: Option<PathBuf>,
    /// Read the new password from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    /// Let your other sessions go on
    #[arg(long)]
    keep_other_sessions: bool,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) old_password: &'a str,
    pub(crate) new_password: &'a str,
    pub(crate) other_sessions: Others,
}

/// What happens to one's other sessions.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Others {
    Keep,
    End,
}

impl Others {
    /// What the flag `--keep-other-sessions` says.
    pub(crate) const fn of(keep: bool) -> Self {
        if keep { Self::Keep } else { Self::End }
    }
}

/// The part of the answer that is no token.
#[derive(Deserialize)]
pub(crate) struct Response {
    pub(crate) ended_sessions: Vec<SessionId>,
}

/// Asks for both passwords and changes it. Other sessions end unless they are kept.
///
/// Errors: the old password is wrong; the new one will not do.
pub(crate) async fn run(arguments: &Change, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let prompt = account.prompt();
    let old = prompt.hidden(&Question {
        label: "Old password",
        flag: "--old-password-file",
        file: arguments.old_password_file.as_deref(),
    })?;
    let new = prompt.new_password(&Question {
        label: "New password, at least 12 characters",
        flag: "--new-password-file",
        file: arguments.new_password_file.as_deref(),
    })?;
    let request = Request {
        old_password: &old,
        new_password: &new,
        other_sessions: Others::of(arguments.keep_other_sessions),
    };
    let call = Call::new(op::ACCOUNT_PASSWORD, &[]).body(&request)?;
    let done: Response =
        account.exchange_fresh(&call, |answer| Ok((answer.json()?, answer.json()?))).await?;
    let value = json!({ "changed": "password", "ended_sessions": done.ended_sessions });
    context.output.result(&value, |_| {
        format!("Your password is changed; other sessions ended: {}.", done.ended_sessions.len())
    })
}

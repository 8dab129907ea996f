//! `factors backup-codes`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::password::change::Others;
use crate::commands::signup::show_codes;
use crate::credentials::Issued;
use crate::failure::Failure;
use crate::hidden::Hidden;

/// Get ten new backup codes; the ones before open nothing any more
#[derive(Debug, clap::Args)]
pub struct BackupCodes {
    /// Also write the backup codes into this new file, readable by you alone
    #[arg(long, value_name = "FILE")]
    save_codes: Option<PathBuf>,
    /// Let your other sessions go on
    #[arg(long)]
    keep_other_sessions: bool,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) other_sessions: Others,
}

/// The answer; codes and tokens are absent when it is a repetition, which this client never asks
/// for.
#[derive(Deserialize)]
pub(crate) struct Response {
    #[serde(default)]
    pub(crate) backup_codes: Vec<Hidden>,
    pub(crate) tokens: Option<Issued>,
}

/// Makes new codes and shows them once.
///
/// Errors: the file exists; as [`crate::account::Account::call`].
pub(crate) async fn run(arguments: &BackupCodes, context: &Context) -> Result<(), Failure> {
    if let Some(path) = arguments.save_codes.as_deref().filter(|path| path.exists()) {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(Failure::File { what: "write", path: path.to_owned(), source });
    }
    let mut account = context.account()?;
    let request = Request { other_sessions: Others::of(arguments.keep_other_sessions) };
    let call = Call::new(op::ACCOUNT_BACKUP_CODES, &[]).body(&request)?;
    let codes = account
        .exchange_fresh(&call, |answer| {
            let Response { backup_codes, tokens } = answer.json()?;
            let tokens = tokens.ok_or_else(|| {
                Failure::input("the answer was a repetition", "Run the command again.")
            })?;
            Ok((tokens, backup_codes))
        })
        .await?;
    show_codes(context, &codes, arguments.save_codes.as_deref())
}

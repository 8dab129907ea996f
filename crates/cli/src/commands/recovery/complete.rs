//! `recovery complete`.

use std::path::PathBuf;

use domain::RecoveryId;
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::first_contact::{self, Earlier};
use crate::commands::mailed::Mailed;
use crate::commands::signup::{Authenticator, show_authenticator, show_codes};
use crate::failure::Failure;
use crate::hidden::Hidden;
use crate::prompt::{Prompt, Question, Stdin};

/// Choose a new password and a new authenticator, with the mailed link and code
#[derive(Debug, clap::Args)]
pub struct Complete {
    /// The link in the message, or the id in it
    #[arg(long, value_name = "LINK")]
    link: Mailed<RecoveryId>,
    /// Read the code in the message from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// Read the new password from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Also write the backup codes into this new file, readable by you alone
    #[arg(long, value_name = "FILE")]
    save_codes: Option<PathBuf>,
}

#[derive(Serialize)]
pub(crate) struct StartRequest<'a> {
    pub(crate) code: &'a str,
    pub(crate) new_password: &'a str,
}

#[derive(Serialize)]
pub(crate) struct CompleteRequest<'a> {
    pub(crate) code: &'a str,
    pub(crate) totp_code: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct Response {
    pub(crate) backup_codes: Vec<Hidden>,
}

/// Takes code and password, shows the new authenticator's secret, and takes its first code. Nobody
/// is signed in by it.
///
/// Errors: the recovery is not open yet, or over; a code is wrong; the password will not do.
pub(crate) async fn run(arguments: &Complete, context: &Context) -> Result<(), Failure> {
    if let Some(path) = arguments.save_codes.as_deref().filter(|path| path.exists()) {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(Failure::File { what: "write", path: path.to_owned(), source });
    }
    let link = &arguments.link;
    let contact = first_contact::meet(context, link.server.clone(), Earlier::Holds).await?;
    let prompt = Prompt::new(Stdin::Answers);
    let code = prompt.hidden(&Question {
        label: "Code in the message",
        flag: "--code-file",
        file: arguments.code_file.as_deref(),
    })?;
    let new = prompt.new_password(&Question {
        label: "New password, at least 12 characters",
        flag: "--password-file",
        file: arguments.password_file.as_deref(),
    })?;
    let request = StartRequest { code: code.trim(), new_password: &new };
    let call = Call::new(op::RECOVERY_START, &[&link.id]).body(&request)?;
    let authenticator: Authenticator = contact.transport.call(&call, None).await?.json()?;
    show_authenticator(context, &authenticator)?;
    let totp = prompt.hidden(&Question {
        label: "Code your new authenticator shows now",
        flag: "--totp-file",
        file: context.totp_file.as_deref(),
    })?;
    let request = CompleteRequest { code: code.trim(), totp_code: totp.trim() };
    let call = Call::new(op::RECOVERY_COMPLETE, &[&link.id]).body(&request)?;
    let done: Response = contact.transport.call(&call, None).await?.json()?;
    show_codes(context, &done.backup_codes, arguments.save_codes.as_deref())?;
    context.output.note("The account is yours again. Next: `casemate login`.");
    Ok(())
}

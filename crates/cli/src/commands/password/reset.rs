//! `password reset`: asks for the letter, then for what is in it.

use std::path::PathBuf;

use domain::{EmailAddress, ResetId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::first_contact::{self, Contact, Earlier};
use crate::commands::login::password::Factor;
use crate::commands::mailed::Mailed;
use crate::commands::signup::email;
use crate::failure::Failure;
use crate::prompt::{Prompt, Question, Stdin};

/// Reset a lost password with a mailed code and a second factor
#[derive(Debug, clap::Args)]
pub struct Reset {
    /// Your e-mail address [asked for when not given]
    #[arg(long, conflicts_with = "link")]
    email: Option<EmailAddress>,
    /// The link in the message, or the id in it: no new message is sent
    #[arg(long, value_name = "LINK")]
    link: Option<Mailed<ResetId>>,
    /// Read the code in the message from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// Read the new password from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Use a backup code from this file instead of the authenticator ("-" for stdin)
    #[arg(long, value_name = "FILE", conflicts_with = "totp_file")]
    backup_code_file: Option<PathBuf>,
    /// Only have the message sent
    #[arg(long, conflicts_with = "link")]
    send_only: bool,
}

#[derive(Serialize)]
pub(crate) struct AskRequest<'a> {
    pub(crate) email: &'a EmailAddress,
}

#[derive(Serialize)]
pub(crate) struct CompleteRequest<'a> {
    pub(crate) code: &'a str,
    pub(crate) factor: Factor<'a>,
    pub(crate) new_password: &'a str,
}

/// What everybody is answered who asks.
#[derive(Deserialize)]
pub(crate) struct Asked {
    pub(crate) message: String,
}

/// Has the message sent, unless its link is given; then takes what is in it.
///
/// Errors: code or factor are wrong; the reset is over; the password will not do.
pub(crate) async fn run(arguments: &Reset, context: &Context) -> Result<(), Failure> {
    let server = arguments.link.as_ref().and_then(|link| link.server.clone());
    let contact = first_contact::meet(context, server, Earlier::Holds).await?;
    let prompt = Prompt::new(Stdin::Answers);
    let reset = match &arguments.link {
        Some(link) => link.id,
        None => {
            let asked = ask(arguments, &contact, &prompt).await?;
            if arguments.send_only {
                let value = json!({ "message": asked.message });
                return context.output.result(&value, |_| format!("{}.", asked.message));
            }
            context.output.note(&format!("{}.", asked.message));
            link_of(&prompt)?
        }
    };
    complete(arguments, context, &contact, &prompt, reset).await?;
    let value = json!({ "reset": reset, "signed_in": false });
    context.output.result(&value, |_| {
        "Your password is reset and every session ended. Next: `casemate login`.".to_owned()
    })
}

async fn ask(arguments: &Reset, contact: &Contact, prompt: &Prompt) -> Result<Asked, Failure> {
    let email = match &arguments.email {
        Some(email) => email.clone(),
        None => email(prompt)?,
    };
    let call = Call::new(op::RESET, &[]).body(&AskRequest { email: &email })?;
    Ok(contact.transport.call(&call, None).await?.json()?)
}

fn link_of(prompt: &Prompt) -> Result<ResetId, Failure> {
    let question = Question { label: "Link in the message", flag: "--link", file: None };
    let link: Result<Mailed<ResetId>, _> = prompt.line(&question)?.parse();
    link.map(|link| link.id).map_err(|error| Failure::input(error, "Copy it from the message."))
}

async fn complete(
    arguments: &Reset,
    context: &Context,
    contact: &Contact,
    prompt: &Prompt,
    reset: ResetId,
) -> Result<(), Failure> {
    let code = prompt.hidden(&Question {
        label: "Code in the message",
        flag: "--code-file",
        file: arguments.code_file.as_deref(),
    })?;
    let factor = prompt.hidden(&match &arguments.backup_code_file {
        Some(file) => {
            Question { label: "Backup code", flag: "--backup-code-file", file: Some(file) }
        }
        None => Question {
            label: "Code of your authenticator, or a backup code",
            flag: "--totp-file",
            file: context.totp_file.as_deref(),
        },
    })?;
    let new = prompt.new_password(&Question {
        label: "New password, at least 12 characters",
        flag: "--password-file",
        file: arguments.password_file.as_deref(),
    })?;
    let factor = factor.trim();
    let kind = match arguments.backup_code_file {
        None if factor.len() <= 6 => Factor::Totp { code: factor },
        _ => Factor::BackupCode { code: factor },
    };
    let request = CompleteRequest { code: code.trim(), factor: kind, new_password: &new };
    let call = Call::new(op::RESET_COMPLETE, &[&reset]).body(&request)?;
    contact.transport.call(&call, None).await?;
    Ok(())
}

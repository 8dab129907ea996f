//! `login`: e-mail, password and a second factor.

use std::path::PathBuf;

use domain::{EmailAddress, TenantId};
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::first_contact::{self, Earlier};
use super::signup::email;
use crate::account::Account;
use crate::client::{Call, operations as op};
use crate::credentials::{Credentials, Issued};
use crate::failure::Failure;
use crate::names;
use crate::prompt::{Prompt, Question, Stdin};
use crate::work;

/// Sign in
#[derive(Debug, clap::Args)]
pub struct Login {
    /// Your e-mail address [asked for when not given]
    #[arg(long)]
    email: Option<EmailAddress>,
    /// Enter this workspace (name or id)
    #[arg(long)]
    workspace: Option<String>,
    /// Read the password from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Use a backup code from this file instead of the authenticator ("-" for stdin)
    #[arg(long, value_name = "FILE", conflicts_with = "totp_file")]
    backup_code_file: Option<PathBuf>,
    /// Forget the pinned certificate and log key of this server, and ask again
    #[arg(long)]
    repin: bool,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) email: &'a EmailAddress,
    pub(crate) password: &'a str,
    pub(crate) factor: Factor<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) workspace: Option<TenantId>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Factor<'a> {
    Totp { code: &'a str },
    BackupCode { code: &'a str },
}

/// Signs in and stores the session; then enters the workspace that was named.
///
/// Errors: refused; the server is not trusted; the session cannot be stored.
pub(crate) async fn run(arguments: &Login, context: &Context) -> Result<(), Failure> {
    let earlier = if arguments.repin { Earlier::Forgotten } else { Earlier::Holds };
    let contact = first_contact::meet(context, None, earlier).await?;
    let prompt = Prompt::new(Stdin::Answers);
    let email = match &arguments.email {
        Some(email) => email.clone(),
        None => email(&prompt)?,
    };
    let password = prompt.hidden(&Question {
        label: "Password",
        flag: "--password-file",
        file: arguments.password_file.as_deref(),
    })?;
    let code = prompt.hidden(&factor_question(arguments, context))?;
    let code = code.trim();
    let factor = match arguments.backup_code_file {
        Some(_) => Factor::BackupCode { code },
        None if code.len() > 6 => Factor::BackupCode { code },
        None => Factor::Totp { code },
    };
    let request = Request { email: &email, password: &password, factor, workspace: None };
    let mut call = Call::new(op::SIGN_IN, &[]).body(&request)?;
    if let Some(device) = Credentials::of(&context.settings).device(contact.transport.server()) {
        call = call.header("casemate-device", &device)?;
    }
    let issued: Issued = work::call(&contact.transport, call, &context.output).await?.json()?;
    contact.sign_in(context, issued).await?;

    let mut account = context.account()?;
    if let Some(name) = &arguments.workspace {
        enter(&mut account, name).await?;
    }
    let session = account.session();
    let value = json!({
        "email": email, "server": session.server, "session_id": session.session_id,
        "workspace": session.workspace,
    });
    context.output.result(&value, |_| format!("Signed in as {email} at {}.", session.server))
}

fn factor_question<'a>(arguments: &'a Login, context: &'a Context) -> Question<'a> {
    match &arguments.backup_code_file {
        Some(file) => {
            Question { label: "Backup code", flag: "--backup-code-file", file: Some(file) }
        }
        None => Question {
            label: "Code of your authenticator, or a backup code",
            flag: "--totp-file",
            file: context.totp_file.as_deref(),
        },
    }
}

#[derive(Serialize)]
pub(crate) struct EnterRequest {
    pub(crate) workspace: TenantId,
}

/// Binds the session to this workspace.
///
/// Errors: there is none of this name; it does not let this session in.
pub(super) async fn enter(account: &mut Account, name: &str) -> Result<TenantId, Failure> {
    let workspace = names::workspace(account, name).await?;
    let call = Call::new(op::ENTER_WORKSPACE, &[]).body(&EnterRequest { workspace })?;
    account.exchange(&call).await?;
    Ok(workspace)
}

//! Signing in here: e-mail, password and a second factor.

use domain::{EmailAddress, TenantId};
use serde::Serialize;

use super::Login;
use crate::client::{Credential, HolderKey, operations as op};
use crate::commands::Context;
use crate::commands::first_contact::Contact;
use crate::commands::signup::email;
use crate::credentials::Issued;
use crate::failure::Failure;
use crate::prompt::{Prompt, Question, Stdin};
use crate::work;

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

/// Asks, and signs in; the address that was given.
///
/// Errors: nobody can be asked; refused.
pub(super) async fn tokens(
    arguments: &Login,
    context: &Context,
    contact: &Contact,
    key: &HolderKey,
) -> Result<(Issued, EmailAddress), Failure> {
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
    let call = contact.sign_in_call(context, op::SIGN_IN, &request)?;
    let holder = Credential::Key(key);
    let issued = work::call(&contact.transport, call, holder, &context.output).await?.json()?;
    Ok((issued, email))
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

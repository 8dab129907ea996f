//! `login`: with the browser of this machine, with one elsewhere, or by password here.
//!
//! Always true: whichever way, the sign-in is bound to a key that was made for it and stays here.

pub(crate) mod browser;
mod callback;
pub(crate) mod device;
mod machine;
pub(crate) mod password;

use std::io::IsTerminal;
use std::path::PathBuf;

use domain::{EmailAddress, TenantId};
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::first_contact::{self, Earlier};
use super::whoami;
use crate::account::Account;
use crate::client::{Call, HolderKey, operations as op};
use crate::failure::Failure;
use crate::names;

/// Sign in
#[derive(Debug, clap::Args)]
pub struct Login {
    /// Sign in with the browser of this machine
    #[arg(long, group = "way")]
    browser: bool,
    /// Show a code to type into a browser elsewhere
    #[arg(long, group = "way")]
    device: bool,
    /// Ask for e-mail, password and code here
    #[arg(long, group = "way")]
    password: bool,
    /// Your e-mail address [asked for when not given]
    #[arg(long, conflicts_with_all = ["browser", "device"])]
    email: Option<EmailAddress>,
    /// Enter this workspace (name or id)
    #[arg(long)]
    workspace: Option<String>,
    /// Read the password from this file ("-" for stdin)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["browser", "device"])]
    password_file: Option<PathBuf>,
    /// Use a backup code from this file instead of the authenticator ("-" for stdin)
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["browser", "device"],
        conflicts_with = "totp_file"
    )]
    backup_code_file: Option<PathBuf>,
    /// Forget the pinned certificate and log key of this server, and ask again
    #[arg(long)]
    repin: bool,
}

/// How somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Browser,
    Device,
    Password,
}

impl Login {
    /// What was asked for; else the browser, when a person sits at a desktop.
    fn way(&self, context: &Context) -> Way {
        let answered = self.email.is_some()
            || self.password_file.is_some()
            || self.backup_code_file.is_some()
            || context.totp_file.is_some();
        let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        match (self.browser, self.device, self.password) {
            (true, ..) => Way::Browser,
            (_, true, _) => Way::Device,
            (_, _, true) => Way::Password,
            _ if !answered && person && context.settings.desktop => Way::Browser,
            _ => Way::Password,
        }
    }
}

/// Signs in and stores the session; then enters the workspace that was named.
///
/// Errors: refused; the server is not trusted; the session cannot be stored.
pub(crate) async fn run(arguments: &Login, context: &Context) -> Result<(), Failure> {
    let earlier = if arguments.repin { Earlier::Forgotten } else { Earlier::Holds };
    let contact = first_contact::meet(context, None, earlier).await?;
    let key = HolderKey::fresh();
    let (issued, known) = match arguments.way(context) {
        Way::Browser => (browser::tokens(context, &contact, &key).await?, None),
        Way::Device => (device::tokens(context, &contact, &key).await?, None),
        Way::Password => {
            let (issued, email) = password::tokens(arguments, context, &contact, &key).await?;
            (issued, Some(email.as_str().to_owned()))
        }
    };
    contact.sign_in(context, issued, key).await?;

    let mut account = context.account()?;
    if let Some(name) = &arguments.workspace {
        enter(&mut account, name).await?;
    }
    let email = match known {
        Some(email) => email,
        None => whoami::email(&mut account).await?,
    };
    let session = account.session();
    let value = json!({
        "email": email, "server": session.server, "session_id": session.session_id,
        "workspace": session.workspace,
    });
    context.output.result(&value, |_| format!("Signed in as {email} at {}.", session.server))
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

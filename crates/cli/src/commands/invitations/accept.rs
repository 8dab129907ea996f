//! `invitations accept`: joins a workspace with an account that exists already.

use std::path::PathBuf;

use domain::TenantId;
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::signup::Link;
use crate::commands::{Context, login};
use crate::failure::Failure;
use crate::prompt::Question;

/// Accept an invitation with the account you are signed in to
#[derive(Debug, clap::Args)]
pub struct Accept {
    /// The link, or the id in it
    #[arg(long, value_name = "LINK")]
    link: Link,
    /// Read the link's code from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) code: &'a str,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) workspace: TenantId,
}

/// Joins, and enters the workspace.
///
/// Errors: the link leads to another server; the code is wrong; the inviter lost the right to
/// invite.
pub(crate) async fn run(arguments: &Accept, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let signed_in = &account.session().server;
    if arguments.link.server.as_ref().is_some_and(|server| server != signed_in) {
        return Err(Failure::input(
            format!("the link leads to another server than {signed_in}"),
            "Sign in there with another --profile first.",
        ));
    }
    let code = account.prompt().hidden(&Question {
        label: "Code that came with the link",
        flag: "--code-file",
        file: arguments.code_file.as_deref(),
    })?;
    let call = Call::new(op::INVITATION_ACCEPT, &[&arguments.link.id])
        .body(&Request { code: code.trim() })?;
    let joined: Response = account.ask(&call).await?;
    login::enter(&mut account, &joined.workspace.to_string()).await?;
    context.output.result(&joined, |joined| format!("Joined workspace {}.", joined.workspace))
}

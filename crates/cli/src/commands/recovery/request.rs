//! `recovery request`.

use domain::{EmailAddress, TenantId};
use serde::Serialize;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::first_contact::{self, Earlier};
use crate::commands::password::reset::Asked;
use crate::commands::signup::email;
use crate::failure::Failure;
use crate::prompt::{Prompt, Stdin};

/// Ask your team to vouch for you
#[derive(Debug, clap::Args)]
pub struct Request {
    /// Your e-mail address [asked for when not given]
    #[arg(long)]
    email: Option<EmailAddress>,
    /// The id of a workspace you are in
    #[arg(long, value_name = "ID")]
    workspace: TenantId,
}

#[derive(Serialize)]
pub(crate) struct AskRequest<'a> {
    pub(crate) email: &'a EmailAddress,
    pub(crate) workspace: TenantId,
}

/// Asks. The answer is the same whether there is such an account or not.
///
/// Errors: too many requests.
pub(crate) async fn run(arguments: &Request, context: &Context) -> Result<(), Failure> {
    let contact = first_contact::meet(context, None, Earlier::Holds).await?;
    let email = match &arguments.email {
        Some(email) => email.clone(),
        None => email(&Prompt::new(Stdin::Answers))?,
    };
    let request = AskRequest { email: &email, workspace: arguments.workspace };
    let call = Call::new(op::RECOVERY, &[]).body(&request)?;
    let asked: Asked = contact.transport.call(&call, None).await?.json()?;
    let value = json!({ "message": asked.message });
    context.output.result(&value, |_| {
        format!("{}.\nIn each of your workspaces somebody above you has to approve.", asked.message)
    })
}

//! `sessions revoke`.

use domain::SessionId;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// End one session, all others, or all
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Revoke {
    /// The session to end
    session: Option<SessionId>,
    /// End every session but this one
    #[arg(long)]
    others: bool,
    /// End every session, this one too
    #[arg(long)]
    all: bool,
}

/// Ends it; within a second no server takes its tokens any more.
///
/// Errors: there is no such session of this person.
pub(crate) async fn run(arguments: &Revoke, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let call = match arguments.session {
        Some(session) => Call::new(op::SESSION_REVOKE, &[&session]),
        None if arguments.all => Call::new(op::SESSIONS_REVOKE_ALL, &[]),
        None => Call::new(op::SESSIONS_REVOKE_OTHERS, &[]),
    };
    account.call(&call).await?;
    if arguments.all || arguments.session == Some(account.session().session_id) {
        account.forget()?;
    }
    let value =
        json!({ "revoked": arguments.session, "others": arguments.others, "all": arguments.all });
    context.output.result(&value, |_| "Ended.".to_owned())
}

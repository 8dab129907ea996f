//! `members role`.

use serde::Serialize;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Give a member another role
#[derive(Debug, clap::Args)]
pub struct Role {
    /// E-mail address or id
    member: String,
    /// viewer, operator or admin
    role: domain::authz::Role,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) role: domain::authz::Role,
}

/// Changes the role; grants the member had end with it.
///
/// Errors: the member or the role is not below the caller's own.
pub(crate) async fn run(arguments: &Role, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let user = names::member(&mut account, &arguments.member).await?;
    let request = Request { role: arguments.role };
    account.call(&Call::new(op::MEMBER_CHANGE, &[&team, &user]).body(&request)?).await?;
    let value = json!({ "user_id": user, "role": arguments.role });
    context.output.result(&value, |_| format!("{} is {} now.", arguments.member, arguments.role))
}

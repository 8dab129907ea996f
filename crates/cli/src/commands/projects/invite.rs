//! `projects invite`.

use domain::UserId;
use serde::Serialize;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Let a member into a project
#[derive(Debug, clap::Args)]
pub struct Invite {
    /// The project's name or id
    project: String,
    /// The member's e-mail address or id
    member: String,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) user: UserId,
}

/// Lets a member of the workspace into the project.
///
/// Errors: no such project or member; not below the caller.
pub(crate) async fn run(arguments: &Invite, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let project = names::project(&mut account, &arguments.project).await?;
    let user = names::member(&mut account, &arguments.member).await?;
    let call = Call::new(op::PROJECT_INVITE, &[&project]).body(&Request { user })?;
    account.call(&call).await?;
    let value = json!({ "project_id": project, "user_id": user });
    context.output.result(&value, |_| {
        format!("{} reaches project {} now.", arguments.member, arguments.project)
    })
}

//! `projects uninvite`.

use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Let a member out of a project
#[derive(Debug, clap::Args)]
pub struct Uninvite {
    /// The project's name or id
    project: String,
    /// The member's e-mail address or id
    member: String,
}

/// Lets a member out of the project.
///
/// Errors: no such project or member; not below the caller.
pub(crate) async fn run(arguments: &Uninvite, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let project = names::project(&mut account, &arguments.project).await?;
    let user = names::member(&mut account, &arguments.member).await?;
    account.call(&Call::new(op::PROJECT_UNINVITE, &[&project, &user])).await?;
    let value = json!({ "project_id": project, "user_id": user });
    context.output.result(&value, |_| {
        format!("{} is out of project {} now.", arguments.member, arguments.project)
    })
}

//! `members invite`.

use domain::authz::Role;
use domain::{EmailAddress, InvitationId, ProjectId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::hidden::Hidden;
use crate::names;

/// What stands for a code in an answer that repeats an earlier one.
const SHOWN_BEFORE: &str = "(shown before; take the invitation back and invite again)";

/// Invite somebody; shows a link, and its code once
#[derive(Debug, clap::Args)]
pub struct Invite {
    /// Whom
    email: EmailAddress,
    /// With this role: viewer, operator or admin
    #[arg(long, default_value = "viewer")]
    role: Role,
    /// Into this project (name or id); may be repeated
    #[arg(long = "project", value_name = "PROJECT")]
    projects: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) email: &'a EmailAddress,
    pub(crate) role: Role,
    pub(crate) projects: Vec<ProjectId>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) id: InvitationId,
    #[serde(default)]
    pub(crate) code: Option<Hidden>,
    pub(crate) expires_at_ms: TimeMs,
}

/// Invites. The link names the invitation, the code opens it; they should travel by different ways.
///
/// Errors: the role is not below the caller's; a project is out of reach.
pub(crate) async fn run(arguments: &Invite, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let mut projects = Vec::with_capacity(arguments.projects.len());
    for name in &arguments.projects {
        projects.push(names::project(&mut account, name).await?);
    }
    let request = Request { email: &arguments.email, role: arguments.role, projects };
    let call = Call::new(op::MEMBER_INVITE, &[&team]).body(&request)?;
    let invited: Response = account.ask(&call).await?;
    let server = account.session().server.clone();
    context.output.result(&invited, |invited| {
        format!(
            "Invited {} as {}, until {}.\n  link  {server}signup/{}\n  code  {}\n\
             The code is not shown again. Send link and code by different ways.",
            arguments.email,
            arguments.role,
            written(invited.expires_at_ms),
            invited.id,
            invited.code.as_deref().unwrap_or(SHOWN_BEFORE),
        )
    })
}

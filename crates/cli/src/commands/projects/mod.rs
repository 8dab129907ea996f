//! `projects`: groups of secrets in the current workspace, and who reaches them.

pub(crate) mod create;
pub(crate) mod invite;
pub(crate) mod list;
pub(crate) mod uninvite;

use super::Context;
use crate::failure::Failure;

/// Create projects and let members in
#[derive(Debug, clap::Subcommand)]
pub enum Projects {
    /// Create a project, with production, preview and development
    Create(create::Create),
    /// The projects within your reach
    List(list::List),
    /// Let a member into a project
    Invite(invite::Invite),
    /// Let a member out of a project
    Uninvite(uninvite::Uninvite),
}

/// Does the verb.
pub(crate) async fn run(verb: Projects, context: &Context) -> Result<(), Failure> {
    match verb {
        Projects::Create(arguments) => create::run(&arguments, context).await,
        Projects::List(arguments) => list::run(&arguments, context).await,
        Projects::Invite(arguments) => invite::run(&arguments, context).await,
        Projects::Uninvite(arguments) => uninvite::run(&arguments, context).await,
    }
}

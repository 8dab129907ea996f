//! `members`: the team of the current workspace.

pub(crate) mod invite;
pub(crate) mod list;
pub(crate) mod overrides;
pub(crate) mod remove;
pub(crate) mod role;

use super::Context;
use crate::failure::Failure;

/// See and change the team
#[derive(Debug, clap::Subcommand)]
pub enum Members {
    /// Invite somebody; shows a link, and its code once
    Invite(invite::Invite),
    /// Who is in the team
    List(list::List),
    /// Give a member another role
    Role(role::Role),
    /// Grant or deny a member single acts
    Override(overrides::Override),
    /// Remove a member
    Remove(remove::Remove),
}

/// Does the verb.
pub(crate) async fn run(verb: Members, context: &Context) -> Result<(), Failure> {
    match verb {
        Members::Invite(arguments) => invite::run(&arguments, context).await,
        Members::List(arguments) => list::run(&arguments, context).await,
        Members::Role(arguments) => role::run(&arguments, context).await,
        Members::Override(arguments) => overrides::run(&arguments, context).await,
        Members::Remove(arguments) => remove::run(&arguments, context).await,
    }
}

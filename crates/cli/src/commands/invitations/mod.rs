//! `invitations`: the open ones of the current workspace, and accepting one.

pub(crate) mod accept;
pub(crate) mod list;
pub(crate) mod revoke;

use super::Context;
use crate::failure::Failure;

/// See, take back and accept invitations
#[derive(Debug, clap::Subcommand)]
pub enum Invitations {
    /// The open invitations of the current workspace
    List(list::List),
    /// Take an invitation back
    Revoke(revoke::Revoke),
    /// Accept an invitation with the account you are signed in to
    Accept(accept::Accept),
}

/// Does the verb.
pub(crate) async fn run(verb: Invitations, context: &Context) -> Result<(), Failure> {
    match verb {
        Invitations::List(arguments) => list::run(&arguments, context).await,
        Invitations::Revoke(arguments) => revoke::run(&arguments, context).await,
        Invitations::Accept(arguments) => accept::run(&arguments, context).await,
    }
}

//! `recovery`: for somebody who lost both their password and their second factor.

pub(crate) mod approve;
pub(crate) mod cancel;
pub(crate) mod complete;
pub(crate) mod list;
pub(crate) mod request;

use super::Context;
use crate::failure::Failure;

/// Recover an account whose password and second factor are both lost
#[derive(Debug, clap::Subcommand)]
pub enum Recovery {
    /// Ask your team to vouch for you
    Request(request::Request),
    /// Members who wait for somebody to vouch, or what is open about your own account
    List(list::List),
    /// Vouch for a member
    Approve(approve::Approve),
    /// Cancel a recovery of your own account
    Cancel(cancel::Cancel),
    /// Choose a new password and a new authenticator, with the mailed link and code
    Complete(complete::Complete),
}

/// Does the verb.
pub(crate) async fn run(verb: Recovery, context: &Context) -> Result<(), Failure> {
    match verb {
        Recovery::Request(arguments) => request::run(&arguments, context).await,
        Recovery::List(arguments) => list::run(&arguments, context).await,
        Recovery::Approve(arguments) => approve::run(&arguments, context).await,
        Recovery::Cancel(arguments) => cancel::run(&arguments, context).await,
        Recovery::Complete(arguments) => complete::run(&arguments, context).await,
    }
}

//! `sessions`: where one is signed in, and ending it.

pub(crate) mod list;
pub(crate) mod revoke;

use super::Context;
use crate::failure::Failure;

/// See and end your sessions
#[derive(Debug, clap::Subcommand)]
pub enum Sessions {
    /// Where you are signed in
    List(list::List),
    /// End one session, all others, or all
    Revoke(revoke::Revoke),
}

/// Does the verb.
pub(crate) async fn run(verb: Sessions, context: &Context) -> Result<(), Failure> {
    match verb {
        Sessions::List(arguments) => list::run(&arguments, context).await,
        Sessions::Revoke(arguments) => revoke::run(&arguments, context).await,
    }
}

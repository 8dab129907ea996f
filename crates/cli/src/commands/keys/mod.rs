//! `keys`: API keys of the current workspace.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod report;
pub(crate) mod revoke;
pub(crate) mod rotate;

use super::Context;
use crate::failure::Failure;

/// Make and revoke API keys
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Make a key; its secret is shown once
    Create(create::Create),
    /// The keys, without their secrets
    List(list::List),
    /// Give a key of yours a successor; its secret is shown once
    Rotate(rotate::Rotate),
    /// Revoke a key
    Revoke(revoke::Revoke),
    /// End a key that was found where it should not be; needs no sign-in
    Report(report::Report),
}

/// Does the verb.
pub(crate) async fn run(verb: Keys, context: &Context) -> Result<(), Failure> {
    match verb {
        Keys::Create(arguments) => create::run(&arguments, context).await,
        Keys::List(arguments) => list::run(&arguments, context).await,
        Keys::Rotate(arguments) => rotate::run(&arguments, context).await,
        Keys::Report(arguments) => report::run(&arguments, context).await,
        Keys::Revoke(arguments) => revoke::run(&arguments, context).await,
    }
}

//! `keys`: API keys of the current workspace.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use super::Context;
use crate::failure::Failure;

/// Make and revoke API keys
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Make a key; its secret is shown once
    Create(create::Create),
    /// The keys, without their secrets
    List(list::List),
    /// Revoke a key
    Revoke(revoke::Revoke),
}

/// Does the verb.
pub(crate) async fn run(verb: Keys, context: &Context) -> Result<(), Failure> {
    match verb {
        Keys::Create(arguments) => create::run(&arguments, context).await,
        Keys::List(arguments) => list::run(&arguments, context).await,
        Keys::Revoke(arguments) => revoke::run(&arguments, context).await,
    }
}

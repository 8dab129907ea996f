//! `passkeys`: one's own, as they are registered in a browser.

pub(crate) mod list;
pub(crate) mod remove;

use super::Context;
use crate::failure::Failure;

/// See and remove your passkeys
#[derive(Debug, clap::Subcommand)]
pub enum Passkeys {
    /// Your passkeys; one is added in a browser, at /passkeys of the server
    List(list::List),
    /// Remove a passkey; it opens nothing from then on
    Remove(remove::Remove),
}

/// Does the verb.
pub(crate) async fn run(verb: Passkeys, context: &Context) -> Result<(), Failure> {
    match verb {
        Passkeys::List(arguments) => list::run(&arguments, context).await,
        Passkeys::Remove(arguments) => remove::run(&arguments, context).await,
    }
}

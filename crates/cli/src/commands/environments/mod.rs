//! `environments`: where the secrets of a project differ.

pub(crate) mod create;
pub(crate) mod list;

use super::Context;
use crate::failure::Failure;

/// See and create environments
#[derive(Debug, clap::Subcommand)]
pub enum Environments {
    /// The environments of a project
    List(list::List),
    /// Create an environment in a project
    Create(create::Create),
}

/// Does the verb.
pub(crate) async fn run(verb: Environments, context: &Context) -> Result<(), Failure> {
    match verb {
        Environments::List(arguments) => list::run(&arguments, context).await,
        Environments::Create(arguments) => create::run(&arguments, context).await,
    }
}

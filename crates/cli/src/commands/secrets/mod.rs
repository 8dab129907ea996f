//! `secrets`: named sealed values of an environment.
//!
//! Always true: a value comes from a prompt, a pipe, a file or the random source, never from the
//! command line; nothing but `reveal` shows one.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod place;
pub(crate) mod reveal;
pub(crate) mod rotate;
pub(crate) mod set;
mod value;

pub(crate) use value::decoded;

use super::Context;
use crate::failure::Failure;

/// Seal, rotate, reveal and delete secrets
#[derive(Debug, clap::Subcommand)]
pub enum Secrets {
    /// Seal a new secret
    Set(set::Set),
    /// Seal a new version of a secret
    Rotate(rotate::Rotate),
    /// Names, versions and dates, masked
    List(list::List),
    /// Delete a secret and all its versions
    Delete(delete::Delete),
    /// Show a secret's value; needs a fresh code, and is logged with its reason
    Reveal(reveal::Reveal),
}

/// Does the verb.
pub(crate) async fn run(verb: Secrets, context: &Context) -> Result<(), Failure> {
    match verb {
        Secrets::Set(arguments) => set::run(&arguments, context).await,
        Secrets::Rotate(arguments) => rotate::run(&arguments, context).await,
        Secrets::List(arguments) => list::run(&arguments, context).await,
        Secrets::Delete(arguments) => delete::run(&arguments, context).await,
        Secrets::Reveal(arguments) => reveal::run(&arguments, context).await,
    }
}

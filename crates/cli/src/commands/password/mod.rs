//! `password`: changing it, and getting a new one when it is lost.

pub(crate) mod change;
pub(crate) mod reset;

use super::Context;
use crate::failure::Failure;

/// Change or reset your password
#[derive(Debug, clap::Subcommand)]
pub enum Password {
    /// Change your password
    Change(change::Change),
    /// Reset a lost password with a mailed code and a second factor
    Reset(reset::Reset),
}

/// Does the verb.
pub(crate) async fn run(verb: Password, context: &Context) -> Result<(), Failure> {
    match verb {
        Password::Change(arguments) => change::run(&arguments, context).await,
        Password::Reset(arguments) => reset::run(&arguments, context).await,
    }
}

//! `account`: one's own account.

pub(crate) mod log;

use super::Context;
use crate::failure::Failure;

/// See what happened to your account
#[derive(Debug, clap::Subcommand)]
pub enum OwnAccount {
    /// Your own sign-ins, failures and uses, newest first
    Log(log::Log),
}

/// Does the verb.
pub(crate) async fn run(verb: OwnAccount, context: &Context) -> Result<(), Failure> {
    match verb {
        OwnAccount::Log(arguments) => log::run(&arguments, context).await,
    }
}

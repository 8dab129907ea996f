//! `factors`: the second factors of one's own account.

pub(crate) mod backup_codes;
pub(crate) mod totp;

use super::Context;
use crate::failure::Failure;

/// Replace your second factors
#[derive(Debug, clap::Subcommand)]
pub enum Factors {
    /// Get ten new backup codes; the ones before open nothing any more
    BackupCodes(backup_codes::BackupCodes),
    /// Replace your authenticator
    Totp(totp::Totp),
}

/// Does the verb.
pub(crate) async fn run(verb: Factors, context: &Context) -> Result<(), Failure> {
    match verb {
        Factors::BackupCodes(arguments) => backup_codes::run(&arguments, context).await,
        Factors::Totp(arguments) => totp::run(&arguments, context).await,
    }
}

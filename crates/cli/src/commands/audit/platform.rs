//! `audit platform`.

use super::list::{Wanted, newest};
use crate::client::operations as op;
use crate::commands::Context;
use crate::failure::Failure;

/// The newest entries of the platform's own log (staff, signed in with a passkey)
#[derive(Debug, clap::Args)]
pub struct Platform {
    #[command(flatten)]
    wanted: Wanted,
}

/// Lists them.
///
/// Errors: the caller is not staff, or did not sign in with a passkey.
pub(crate) async fn run(arguments: &Platform, context: &Context) -> Result<(), Failure> {
    newest(op::STAFF_LOG, &arguments.wanted, context).await
}

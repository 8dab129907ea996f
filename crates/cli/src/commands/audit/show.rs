//! `audit show`.

use super::list::Entry;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// One entry, whole
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Its index in the log
    index: u64,
}

/// Shows it.
///
/// Errors: there is no entry of this index yet.
pub(crate) async fn run(arguments: &Show, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let entry: Entry = account.ask(&Call::new(op::AUDIT_ENTRY, &[&arguments.index])).await?;
    context.output.result(&entry, |entry| serde_json::to_string_pretty(entry).unwrap_or_default())
}

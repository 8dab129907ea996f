//! `account log`.

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::audit::list::Entry;
use crate::failure::Failure;
use crate::names::Page;

/// Your own sign-ins, failures and uses, newest first
#[derive(Debug, clap::Args)]
pub struct Log {
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Go on where the last list ended
    #[arg(long)]
    cursor: Option<String>,
}

/// Lists them.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(arguments: &Log, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let mut call = Call::new(op::ACCOUNT_LOG, &[]).query("limit", arguments.limit);
    if let Some(cursor) = &arguments.cursor {
        call = call.query("cursor", cursor);
    }
    let page: Page<Entry> = account.ask(&call).await?;
    context.output.list(&page.items, &["when", "what", "from", "client"], Entry::account_row)?;
    if let Some(cursor) = page.next_cursor {
        context.output.note(&format!("More with --cursor {cursor}"));
    }
    Ok(())
}

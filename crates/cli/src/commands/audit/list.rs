//! `audit list`.

use domain::TimeMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names::Page;

/// The newest entries
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only this verb, like member.role_changed
    #[arg(long)]
    verb: Option<String>,
    /// Only about this resource, by its id
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Go on where the last list ended
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    #[serde(default)]
    pub(crate) index: Option<u64>,
    pub(crate) at_ms: TimeMs,
    pub(crate) verb: String,
    #[serde(flatten)]
    pub(crate) rest: serde_json::Map<String, Value>,
}

/// Lists them.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(arguments: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let mut call = Call::new(op::AUDIT_ENTRIES, &[]).query("limit", arguments.limit);
    for (name, value) in [
        ("verb", &arguments.verb),
        ("resource", &arguments.resource),
        ("cursor", &arguments.cursor),
    ] {
        if let Some(value) = value {
            call = call.query(name, value);
        }
    }
    let page: Page<Entry> = account.ask(&call).await?;
    context.output.list(&page.items, &["index", "when", "verb"], |entry| {
        vec![
            entry.index.map_or_else(|| "soon".to_owned(), |index| index.to_string()),
            written(entry.at_ms),
            entry.verb.clone(),
        ]
    })?;
    if let Some(cursor) = page.next_cursor {
        context.output.note(&format!("More with --cursor {cursor}"));
    }
    Ok(())
}

//! `audit list`.

use std::collections::BTreeMap;

use domain::{EntryId, TimeMs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::log::Log;
use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names::Page;

/// The newest entries
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    wanted: Wanted,
}

/// Which entries.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Only this verb, like member.role_changed
    #[arg(long)]
    verb: Option<String>,
    /// Only this log
    #[arg(long, alias = "stream")]
    log: Option<Log>,
    /// Only about this resource, like project/0192...
    #[arg(long, value_name = "KIND/ID")]
    resource: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Go on where the last list ended
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    #[serde(default)]
    pub(crate) index: Option<u64>,
    pub(crate) stream: String,
    pub(crate) at_ms: TimeMs,
    pub(crate) verb: String,
    pub(crate) entry: Value,
    pub(crate) hash: String,
    pub(crate) personal: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) erased: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ocsf: Option<Value>,
}

impl Entry {
    /// The entry as its own person looks at it: what, and from where.
    pub(crate) fn account_row(&self) -> Vec<String> {
        let (ip, agent) = (self.personal("ip"), self.personal("user_agent"));
        vec![written(self.at_ms), self.verb.clone(), ip, agent]
    }

    /// A personal value beside the entry, or the word that says that it was erased.
    pub(super) fn personal(&self, field: &str) -> String {
        let erased = || self.erased.iter().any(|one| one == field).then(|| "(erased)".to_owned());
        self.personal.get(field).cloned().or_else(erased).unwrap_or_default()
    }

    pub(super) const HEADINGS: [&str; 5] = ["index", "when", "what", "about", "by"];

    pub(super) fn row(&self) -> Vec<String> {
        let text = |path: &str| self.entry.pointer(path).and_then(Value::as_str);
        let resource = [text("/resource/kind"), text("/resource/id")];
        let actor = ["/actor/user", "/actor/key", "/actor/kind"].into_iter().find_map(text);
        vec![
            self.index.map_or_else(|| "soon".to_owned(), |index| index.to_string()),
            written(self.at_ms),
            self.verb.clone(),
            resource.into_iter().flatten().collect::<Vec<_>>().join("/"),
            actor.unwrap_or_default().to_owned(),
        ]
    }
}

/// Lists them.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(arguments: &List, context: &Context) -> Result<(), Failure> {
    newest(op::AUDIT_ENTRIES, &arguments.wanted, context).await
}

/// Lists the newest entries that an operation gives.
pub(super) async fn newest(
    operation: op::Operation,
    wanted: &Wanted,
    context: &Context,
) -> Result<(), Failure> {
    let mut account = context.account()?;
    let mut call = Call::new(operation, &[]).query("limit", wanted.limit);
    for (name, value) in
        [("verb", &wanted.verb), ("resource", &wanted.resource), ("cursor", &wanted.cursor)]
    {
        if let Some(value) = value {
            call = call.query(name, value);
        }
    }
    if let Some(log) = wanted.log {
        call = log.of(call);
    }
    let page: Page<Entry> = account.ask(&call).await?;
    context.output.list(&page.items, &Entry::HEADINGS, Entry::row)?;
    if let Some(cursor) = page.next_cursor {
        context.output.note(&format!("More with --cursor {cursor}"));
    }
    Ok(())
}

//! `audit tail`: entries as they come.

use std::collections::HashMap;
use std::time::Duration;

use domain::{EntryId, TimeMs};

use super::format::Format;
use super::list::Entry;
use super::search::{PER_REQUEST, Pages};
use super::sought::Sought;
use crate::account::Account;
use crate::commands::Context;
use crate::failure::Failure;

/// Show entries as they come, until interrupted
#[derive(Debug, clap::Args)]
pub struct Tail {
    #[command(flatten)]
    sought: Sought,
    /// So many of before, first
    #[arg(long, short = 'n', default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(0..=200))]
    lines: u32,
    /// native, or ocsf: an event of that schema per line
    #[arg(long, default_value = "native")]
    format: Format,
    /// End after so many that are new
    #[arg(long)]
    count: Option<usize>,
}

/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(1);
/// Entries of one moment may come out of order by this much: their transactions end when they end.
const OUT_OF_ORDER_MS: i64 = 120_000;

/// Shows them.
///
/// Errors: as [`Account::call`]; stdout cannot be written.
pub(crate) async fn run(arguments: &Tail, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let mut seen = Seen::default();
    let mut before = newest(arguments, &mut account, None).await?;
    let shown = usize::try_from(arguments.lines).unwrap_or(usize::MAX);
    seen.note(&before);
    before.truncate(shown);
    show(arguments, context, before)?;
    let mut left = arguments.count;
    while left != Some(0) {
        tokio::time::sleep(EVERY).await;
        let mut fresh = newest(arguments, &mut account, seen.since()).await?;
        fresh.retain(|entry| !seen.has(entry));
        seen.note(&fresh);
        left = left.map(|left| left.saturating_sub(fresh.len()));
        show(arguments, context, fresh)?;
    }
    Ok(())
}

/// The newest page, or everything since a moment; newest first.
async fn newest(
    arguments: &Tail,
    account: &mut Account,
    since: Option<TimeMs>,
) -> Result<Vec<Entry>, Failure> {
    let mut pages = Pages::of(arguments.format.of(arguments.sought.call(PER_REQUEST, since)));
    let mut all = Vec::new();
    while let Some(found) = pages.next(account).await? {
        all.extend(found.items);
        // Without a moment to begin at, one page is what there is to begin with.
        if since.is_none() {
            break;
        }
    }
    Ok(all)
}

fn show(arguments: &Tail, context: &Context, mut entries: Vec<Entry>) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    entries.reverse();
    if context.output.is_json() || arguments.format == Format::Ocsf {
        return arguments.format.lines(&entries, &context.output);
    }
    entries.iter().try_for_each(|entry| context.output.result(entry, |one| one.row().join("  ")))
}

/// What was shown lately.
#[derive(Default)]
struct Seen {
    lately: HashMap<EntryId, TimeMs>,
    newest: Option<TimeMs>,
}

impl Seen {
    fn note(&mut self, entries: &[Entry]) {
        self.newest = self.newest.max(entries.iter().map(|entry| entry.at_ms).max());
        self.lately.extend(entries.iter().map(|entry| (entry.id, entry.at_ms)));
        if let Some(since) = self.since() {
            self.lately.retain(|_, at| *at >= since);
        }
    }

    fn has(&self, entry: &Entry) -> bool {
        self.lately.contains_key(&entry.id)
    }

    /// From when on the server is asked again; `None`: nothing was seen yet.
    fn since(&self) -> Option<TimeMs> {
        self.newest.map(|newest| newest.plus_ms(-OUT_OF_ORDER_MS))
    }
}

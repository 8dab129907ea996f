//! `audit search`.

use serde::Deserialize;

use super::format::Format;
use super::list::Entry;
use super::sheet::Sheet;
use super::sought::Sought;
use crate::account::Account;
use crate::client::Call;
use crate::commands::Context;
use crate::failure::Failure;

/// Search the logs: newest first, by who, what, about what, when and from where
#[derive(Debug, clap::Args)]
pub struct Search {
    #[command(flatten)]
    sought: Sought,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// All there are, with --json, --csv or --format ocsf
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// As comma-separated values
    #[arg(long)]
    csv: bool,
    /// native, or ocsf: an event of that schema per line
    #[arg(long, default_value = "native", conflicts_with = "csv")]
    format: Format,
}

/// What one request found.
#[derive(Debug, Deserialize)]
pub(crate) struct Found {
    pub(crate) items: Vec<Entry>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
    pub(crate) scanned: u32,
}

/// Items of one request: as many as it may have.
pub(super) const PER_REQUEST: u32 = domain::limits::PAGE_ITEMS_MAX;

/// A search that goes on from page to page.
pub(super) struct Pages {
    call: Call,
    cursor: Option<String>,
    over: bool,
}

impl Pages {
    /// From the newest entry on.
    pub(super) const fn of(call: Call) -> Self {
        Self { call, cursor: None, over: false }
    }

    /// The next entries; `None` when everything was looked at.
    ///
    /// Errors: as [`Account::call`].
    pub(super) async fn next(&mut self, account: &mut Account) -> Result<Option<Found>, Failure> {
        if self.over {
            return Ok(None);
        }
        let call = match self.cursor.take() {
            Some(cursor) => self.call.clone().query("cursor", cursor),
            None => self.call.clone(),
        };
        let found: Found = account.ask(&call).await?;
        self.cursor.clone_from(&found.next_cursor);
        self.over = self.cursor.is_none();
        Ok(Some(found))
    }
}

/// Searches.
///
/// Errors: as [`Account::call`]; stdout cannot be written.
pub(crate) async fn run(arguments: &Search, context: &Context) -> Result<(), Failure> {
    let ocsf = arguments.format == Format::Ocsf;
    let streams = arguments.csv || ocsf || context.output.is_json();
    if arguments.all && !streams {
        return Err(Failure::input(
            "a whole log is for a program to read",
            "add --json, --csv or --format ocsf",
        ));
    }
    let mut account = context.account()?;
    let mut left = if arguments.all { usize::MAX } else { room(arguments.limit) };
    let limit = PER_REQUEST.min(if arguments.all { PER_REQUEST } else { arguments.limit });
    let mut pages = Pages::of(arguments.format.of(arguments.sought.call(limit, None)));
    let mut sheet = match arguments.csv {
        true => Some(Sheet::begin(std::io::stdout()).map_err(written)?),
        false => None,
    };
    let (mut kept, mut scanned) = (Vec::new(), 0_u64);
    while left > 0 {
        let Some(found) = pages.next(&mut account).await? else { break };
        scanned += u64::from(found.scanned);
        let items: Vec<Entry> = found.items.into_iter().take(left).collect();
        left -= items.len();
        match &mut sheet {
            Some(sheet) => {
                items.iter().try_for_each(|entry| sheet.add(entry)).map_err(written)?;
                sheet.flush().map_err(Failure::stdout)?;
            }
            None if streams => arguments.format.lines(&items, &context.output)?,
            None => kept.extend(items),
        }
    }
    if !streams {
        context.output.list(&kept, &Entry::HEADINGS, Entry::row)?;
    }
    context.output.detail(&format!("Looked at {scanned} entries."));
    if left == 0 {
        context.output.note("There may be more: --limit, or --from and --until.");
    }
    Ok(())
}

fn room(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn written(error: csv::Error) -> Failure {
    Failure::stdout(error.into())
}

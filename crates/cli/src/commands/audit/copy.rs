//! `audit copy`: the public log of checkpoints, and what opens this workspace's part of it.
//!
//! Always true: the copy is judged by `verify`, not here; the file appears under its name only when
//! it is whole.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use ledger::tiles::{TilePath, entry_tiles};
use ledger::{CopyFile, Opening, TreeHead};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::export::Partial;
use super::log::Log;
use crate::account::Account;
use crate::client::{Call, TransportError, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Copy the public log of checkpoints, with what opens this log's part of it
#[derive(Debug, clap::Args)]
pub struct Copy {
    /// The file; it must not exist yet. Who has it can tell which leaves are yours
    file: PathBuf,
    /// What opens this log
    #[arg(long, default_value = "workspace")]
    log: Log,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Openings {
    pub(crate) items: Vec<Item>,
    pub(crate) more: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) size: u64,
    pub(crate) opening: String,
}

/// Copies.
///
/// Errors: the file exists; the disk is full; the server or the connection breaks off.
pub(crate) async fn run(arguments: &Copy, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let path = &arguments.file;
    let failed = |source| Failure::File { what: "write", path: path.clone(), source };
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    // In this order, so that every leaf of this log in the copy has its opening.
    let (size, tiles) = size(&mut account).await?;
    let openings = openings(arguments.log, &mut account).await?;
    let partial = Partial::create(path).map_err(failed)?;
    let mut out = BufWriter::new(&partial.file);
    out.write_all(CopyFile::head(&openings).as_bytes()).map_err(failed)?;
    let progress = context.output.progress("copying", Some(size));
    for tile in tiles {
        let bundle = account.call(&at(format!("/log/tile/{}", tile.text()))).await?;
        out.write_all(bundle.bytes()).map_err(failed)?;
        progress.inc(tile.width);
    }
    progress.finish_and_clear();
    out.flush().map_err(failed)?;
    drop(out);
    partial.keep(path).map_err(failed)?;
    let value =
        json!({ "file": path.display().to_string(), "leaves": size, "openings": openings.len() });
    context.output.result(&value, |_| {
        format!(
            "Wrote {} ({size} leaves, {} of them this log's). Use it: casemate verify EXPORT \
             --policy FILE --copy {}",
            path.display(),
            openings.len(),
            path.display()
        )
    })
}

/// A call for a file of the public log.
fn at(path: String) -> Call {
    Call { path, ..Call::new(op::PUBLIC_LOG, &[]) }
}

/// How long the log says it is, and where its entries are.
async fn size(
    account: &mut Account,
) -> Result<(u64, impl Iterator<Item = TilePath> + use<>), Failure> {
    let note = account.call(&Call::new(op::PUBLIC_LOG, &[])).await?;
    let text = std::str::from_utf8(note.bytes()).ok().and_then(|note| note.split_once("\n\n"));
    let text = text.map(|(text, _)| format!("{text}\n"));
    let size = text.as_deref().and_then(|text| TreeHead::parse(text).ok()).map(|head| head.size);
    let size = size.ok_or(TransportError::Shape)?;
    Ok((size, entry_tiles(size)))
}

async fn openings(log: Log, account: &mut Account) -> Result<Vec<Opening>, Failure> {
    let (mut all, mut after) = (Vec::new(), 0_u64);
    loop {
        let call = log.of(Call::new(op::AUDIT_OPENINGS, &[])).query("after", after);
        let page: Openings = account.ask(&call).await?;
        for Item { size, opening } in &page.items {
            let read = Opening::parse(opening.as_bytes()).map_err(|_| TransportError::Shape)?;
            all.push(read);
            after = after.max(*size);
        }
        if !page.more || page.items.is_empty() {
            return Ok(all);
        }
    }
}

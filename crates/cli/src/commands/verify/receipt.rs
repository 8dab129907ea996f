//! `verify receipt`: whether what a receipt promised came true.
//!
//! Always true: a receipt whose time is over, by the log's own later entries, and whose entry is
//! not there is TAMPERED; one that is not due yet is told apart.

use std::io::BufReader;
use std::path::PathBuf;

use ledger::verify::Reason;
use ledger::{Evidence, Verdict, verify_export};
use serde_json::json;

use super::{exit, files, keys, opened, value};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Whether the acts that receipts were given for are in a log
#[derive(Debug, clap::Args)]
pub(crate) struct ReceiptArguments {
    /// Receipts as answers carried them (the header `casemate-receipt`), one on each line
    receipts: PathBuf,
    /// An export of the log that was made when their time was over
    export: PathBuf,
    /// The log's public key [default: the one pinned at sign-in]
    #[arg(long = "key", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// Holds the receipts against the export, and says which promise was broken.
///
/// Errors: a file cannot be read, or holds no receipt; stdout cannot be written.
pub(super) fn run(arguments: &ReceiptArguments, context: &Context) -> Result<Exit, Failure> {
    let keys = keys(arguments.key_file.as_deref(), context)?;
    let receipts = files::receipts(&arguments.receipts)?;
    if receipts.is_empty() {
        return Err(Failure::input(
            format!("{} holds no receipt", arguments.receipts.display()),
            "A receipt is the value of the header casemate-receipt of an answer.",
        ));
    }
    let held: Vec<&str> = receipts.iter().map(String::as_str).collect();
    let verdict = match opened(&arguments.export, context) {
        Some((file, progress)) => {
            let source = BufReader::with_capacity(256 * 1024, progress.wrap_read(file));
            let evidence = Evidence { keys: &keys, receipts: &held, ..Evidence::default() };
            let verdict = verify_export(source, evidence);
            progress.finish_and_clear();
            verdict
        }
        None => Verdict::CannotEstablish(Reason::Unreadable),
    };
    let pending = match &verdict {
        Verdict::Verified(verified) => verified.pending_receipts,
        Verdict::Tampered(_) | Verdict::CannotEstablish(_) => 0,
    };
    let told = json!({ "receipts": held.len(), "not_due": pending, "log": value(&verdict) });
    context.output.result(&told, |_| match &verdict {
        Verdict::Verified(_) => format!(
            "VERIFIED: {} of {} receipts are honoured, {pending} are not due yet",
            held.len().saturating_sub(pending),
            held.len()
        ),
        other => other.to_string(),
    })?;
    Ok(exit(&verdict))
}

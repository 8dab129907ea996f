//! `verify`: checks an audit export offline.
//!
//! Always true: the key comes from `--key`, else from what was pinned at sign-in; without either
//! the answer is CANNOT ESTABLISH. No network is touched. What this profile was promised (receipts)
//! and shown (checkpoints) is held against the export.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use ledger::export::ExportReader;
use ledger::verify::Reason;
use ledger::{Checkpoint, Evidence, Verdict, VerifierKey, verify_export};
use serde_json::json;

use super::Context;
use crate::credentials::Credentials;
use crate::exit::Exit;
use crate::failure::Failure;

/// Largest key file.
const KEY_BYTES_MAX: u64 = 4 * 1024;

/// Verify an audit export, offline
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 VERIFIED, 10 TAMPERED, 11 CANNOT ESTABLISH")]
pub struct Verify {
    /// The export
    export: PathBuf,
    /// The log's public key [default: the one pinned at sign-in]
    #[arg(long = "key", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// Verifies, prints the verdict, and gives the exit code that says it.
///
/// An export that cannot be read establishes nothing.
///
/// Errors: the key file cannot be read; stdout cannot be written.
pub(crate) fn run(arguments: &Verify, context: &Context) -> Result<Exit, Failure> {
    let keys = keys(arguments, context)?;
    let path = &arguments.export;
    let failed = |source| Failure::File { what: "read", path: path.clone(), source };
    let verdict = match File::open(path).and_then(|file| Ok((file.metadata()?.len(), file))) {
        Ok((size, file)) => {
            let progress = context.output.progress("verifying", Some(size));
            let source = BufReader::with_capacity(256 * 1024, progress.wrap_read(file));
            let verdict = judge(source, path, &keys, context)?;
            progress.finish_and_clear();
            verdict
        }
        Err(source) => {
            context.output.failure(&failed(source));
            Verdict::CannotEstablish(Reason::Unreadable)
        }
    };
    tell(&verdict, context)?;
    Ok(match verdict {
        Verdict::Verified(_) => Exit::Done,
        Verdict::Tampered(_) => Exit::Tampered,
        Verdict::CannotEstablish(_) => Exit::CannotEstablish,
    })
}

/// The verdict on an export, with everything this profile kept about its log held against it.
fn judge(
    source: impl BufRead,
    path: &Path,
    keys: &[VerifierKey],
    context: &Context,
) -> Result<Verdict, Failure> {
    let kept = Credentials::of(&context.settings).evidence()?;
    let Some(claimed) = claimed(path) else {
        return Ok(verify_export(source, Evidence { keys, ..Evidence::default() }));
    };
    let bearing = kept.bearing_on(&claimed.origin, claimed.size, keys);
    let (seen, receipts) = (bearing.checkpoints.as_slice(), bearing.receipts.as_slice());
    let verdict = verify_export(source, Evidence { keys, seen, receipts, ..Evidence::default() });
    if let Verdict::Verified(verified) = &verdict {
        let here = receipts.len().saturating_sub(verified.pending_receipts);
        context.output.note(&format!(
            "Held against it: your receipts ({here} found, {} not due yet), \
             checkpoints you saw ({}).",
            verified.pending_receipts,
            seen.len(),
        ));
    }
    if let Some(size) = bearing.later_size {
        context.output.note(&format!("You saw this log at size {size}; this export ends before."));
    }
    Ok(verdict)
}

/// The log and size that an export claims to be. Nothing is believed yet: it only says which
/// evidence to bring.
fn claimed(path: &Path) -> Option<Checkpoint> {
    let mut reader = ExportReader::new(BufReader::new(File::open(path).ok()?));
    let note = reader.head().ok()?.checkpoint;
    Checkpoint::parse(note.split_inclusive("\n\n").next()?.strip_suffix('\n')?).ok()
}

fn tell(verdict: &Verdict, context: &Context) -> Result<(), Failure> {
    let value = match verdict {
        Verdict::Verified(verified) => json!({
            "verdict": verdict.word(), "log": verified.origin.to_string(), "size": verified.size,
            "root": data_encoding::BASE64.encode(&verified.root),
            "checkpoints": verified.checkpoints, "signed_by": "operator",
            "personal": verified.personal, "withheld": verified.withheld,
        }),
        Verdict::Tampered(finding) => {
            json!({ "verdict": verdict.word(), "where": finding.to_string() })
        }
        Verdict::CannotEstablish(reason) => {
            json!({ "verdict": verdict.word(), "why": reason.to_string() })
        }
    };
    context.output.result(&value, |_| verdict.to_string())
}

/// The keys that are trusted to have signed the log.
fn keys(arguments: &Verify, context: &Context) -> Result<Vec<VerifierKey>, Failure> {
    if let Some(path) = &arguments.key_file {
        return from_file(path);
    }
    let pinned = Credentials::of(&context.settings).pins()?.and_then(|pins| pins.log_key);
    Ok(pinned.and_then(|text| VerifierKey::parse(text.trim()).ok()).into_iter().collect())
}

/// One key for each line that is not empty.
fn from_file(path: &Path) -> Result<Vec<VerifierKey>, Failure> {
    let failed = |source| Failure::File { what: "read", path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Result<Vec<VerifierKey>, _> = lines.map(VerifierKey::parse).collect();
    match keys {
        Ok(keys) if !keys.is_empty() => Ok(keys),
        _ => Err(Failure::input(
            format!("{} holds no verifier key", path.display()),
            "A verifier key is one line: NAME+HASH+KEY (C2SP signed-note).",
        )),
    }
}

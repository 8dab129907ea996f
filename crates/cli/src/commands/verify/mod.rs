//! `verify`: checks an audit export offline.
//!
//! Always true: the key comes from `--key`, else from what was pinned at sign-in; without either
//! the answer is CANNOT ESTABLISH. No network is touched. What this profile was promised (receipts)
//! and shown (checkpoints) is held against the export.

mod files;
mod receipt;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use ledger::export::{ExportReader, Head};
use ledger::verify::{PublicCopy, Reason};
use ledger::{
    Boundary, Checkpoint, CopyFile, Evidence, Policy, Verdict, VerifierKey, verify_export,
};
use serde_json::{Value, json};

use super::Context;
use crate::credentials::Credentials;
use crate::exit::Exit;
use crate::failure::Failure;

/// Verify an audit export, offline
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 VERIFIED, 10 TAMPERED, 11 CANNOT ESTABLISH",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Verify {
    #[command(subcommand)]
    what: Option<What>,
    /// The export
    #[arg(required = true)]
    export: Option<PathBuf>,
    /// The log's public key [default: the one pinned at sign-in]
    #[arg(long = "key", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Whose word is needed besides the operator's: a policy file (C2SP tlog-policy)
    #[arg(long = "policy", value_name = "FILE")]
    policy_file: Option<PathBuf>,
    /// A copy of the log of checkpoints, from `casemate audit copy`
    #[arg(long = "copy", value_name = "FILE")]
    copy_file: Option<PathBuf>,
    /// A proof that was kept from an earlier export (C2SP tlog-proof); may be given again
    #[arg(long = "proof", value_name = "FILE")]
    proof_files: Vec<PathBuf>,
    /// Keep this export's own proof in a new file, to hold it against later exports
    #[arg(long, value_name = "FILE")]
    keep_proof: Option<PathBuf>,
}

/// What else can be verified.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum What {
    /// Whether the acts that receipts were given for are in a log
    Receipt(receipt::ReceiptArguments),
}

/// Verifies, prints the verdict, and gives the exit code that says it.
///
/// An export that cannot be read establishes nothing.
///
/// Errors: a file with a key, a policy, a copy or a proof cannot be read; stdout cannot be written.
pub(crate) fn run(arguments: &Verify, context: &Context) -> Result<Exit, Failure> {
    if let Some(What::Receipt(arguments)) = &arguments.what {
        return receipt::run(arguments, context);
    }
    let Some(path) = &arguments.export else { return Ok(Exit::CannotEstablish) };
    let keys = keys(arguments.key_file.as_deref(), context)?;
    let brought = Brought::read(arguments)?;
    let verdict = match opened(path, context) {
        Some((source, progress)) => {
            let verdict = judge(progress.wrap_read(source), path, &keys, &brought, context)?;
            progress.finish_and_clear();
            verdict
        }
        None => Verdict::CannotEstablish(Reason::Unreadable),
    };
    if let (Verdict::Verified(_), Some(target)) = (&verdict, &arguments.keep_proof) {
        files::keep_proof(path, target)?;
    }
    tell(&verdict, context)?;
    Ok(exit(&verdict))
}

/// The exit code that says a verdict.
const fn exit(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Verified(_) => Exit::Done,
        Verdict::Tampered(_) => Exit::Tampered,
        Verdict::CannotEstablish(_) => Exit::CannotEstablish,
    }
}

/// The export; what keeps it from being read is told, and establishes nothing.
fn opened(path: &Path, context: &Context) -> Option<(File, indicatif::ProgressBar)> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    match opened {
        Ok((size, file)) => Some((file, context.output.progress("verifying", Some(size)))),
        Err(source) => {
            let failed = Failure::File { what: "read", path: path.to_owned(), source };
            context.output.failure(&failed);
            None
        }
    }
}

/// What the command line brings along, besides keys.
struct Brought {
    policy: Option<Policy>,
    copy: Option<Vec<u8>>,
    proofs: Vec<String>,
}

impl Brought {
    fn read(arguments: &Verify) -> Result<Self, Failure> {
        let policy = arguments.policy_file.as_deref().map(files::policy).transpose()?;
        let copy = arguments.copy_file.as_deref().map(files::whole).transpose()?;
        let proofs = arguments.proof_files.iter().map(|path| files::proof(path));
        Ok(Self { policy, copy, proofs: proofs.collect::<Result<_, _>>()? })
    }
}

/// The verdict on an export, with everything this profile kept about its log held against it.
fn judge(
    source: impl std::io::Read,
    path: &Path,
    keys: &[VerifierKey],
    brought: &Brought,
    context: &Context,
) -> Result<Verdict, Failure> {
    let source: Box<dyn BufRead + '_> = Box::new(BufReader::with_capacity(256 * 1024, source));
    let kept = Credentials::of(&context.settings).evidence()?;
    let proofs: Vec<&str> = brought.proofs.iter().map(String::as_str).collect();
    let copy = brought.copy.as_deref().map(CopyFile::parse).transpose().map_err(|_| {
        Failure::input("--copy names no copy", "Make one: casemate audit copy FILE")
    })?;
    let copy =
        copy.as_ref().map(|copy| PublicCopy { entries: copy.entries, openings: &copy.openings });
    let policy = brought.policy.as_ref();
    let brought = Evidence { keys, policy, proofs: &proofs, copy, ..Evidence::default() };
    let Some((claimed, first_index)) = claimed(path) else {
        return Ok(verify_export(source, brought));
    };
    let bearing = kept.bearing_on(&claimed.origin, first_index..=claimed.size, keys);
    let (seen, receipts) = (bearing.checkpoints.as_slice(), bearing.receipts.as_slice());
    let verdict = verify_export(source, Evidence { seen, receipts, ..brought });
    if let Verdict::Verified(verified) = &verdict {
        let here = receipts.len().saturating_sub(verified.pending_receipts);
        context.output.note(&format!(
            "Held against it: your receipts ({here} found, {} not due yet), \
             checkpoints you saw ({}).",
            verified.pending_receipts,
            seen.len(),
        ));
    }
    if bearing.before > 0 {
        context.output.note(&format!(
            "{} checkpoints you saw are from before index {first_index}, where this log begins \
             now; exports from then can be held against them.",
            bearing.before
        ));
    }
    if let Some(size) = bearing.later_size {
        context.output.note(&format!("You saw this log at size {size}; this export ends before."));
    }
    Ok(verdict)
}

/// The log and size that an export claims to be, and where it begins. Nothing is believed yet: it
/// only says which evidence to bring.
fn claimed(path: &Path) -> Option<(Checkpoint, u64)> {
    let mut reader = ExportReader::new(BufReader::new(File::open(path).ok()?));
    let Head { checkpoint, boundary, .. } = reader.head().ok()?;
    let text = checkpoint.split_inclusive("\n\n").next()?.strip_suffix('\n')?;
    let first_index = boundary.as_ref().map_or(0, Boundary::first_index);
    Some((Checkpoint::parse(text).ok()?, first_index))
}

fn tell(verdict: &Verdict, context: &Context) -> Result<(), Failure> {
    context.output.result(&value(verdict), |_| verdict.to_string())
}

/// The verdict for a program.
fn value(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Verified(verified) => {
            let anchored = verified.anchored.map(|anchored| {
                json!({
                    "size": anchored.size, "log_size": anchored.head_size,
                    "pseudonym": ledger::blinded::pseudonym_hex(&anchored.pseudonym),
                    "cosigned": anchored.cosigned, "witnesses": anchored.witnesses,
                    "leaves": anchored.leaves,
                })
            });
            let begins = verified.begins.map(|begins| {
                json!({
                    "first_index": begins.first_index, "at_ms": begins.written_at,
                    "kept_days": begins.kept_days,
                })
            });
            let cosigned = verified.anchored.is_some_and(|anchored| anchored.cosigned > 0);
            json!({
                "verdict": verdict.word(), "log": verified.origin.to_string(),
                "size": verified.size, "begins": begins,
                "root": data_encoding::BASE64.encode(&verified.root),
                "checkpoints": verified.checkpoints,
                "signed_by": if cosigned { "operator and witnesses" } else { "operator" },
                "personal": verified.personal, "erased": verified.erased,
                "withheld": verified.withheld, "published": anchored, "lost": verified.lost,
                "restored_at_sizes":
                    verified.restores.iter().map(|restored| restored.size).collect::<Vec<_>>(),
            })
        }
        Verdict::Tampered(finding) => {
            json!({ "verdict": verdict.word(), "where": finding.to_string() })
        }
        Verdict::CannotEstablish(reason) => {
            json!({ "verdict": verdict.word(), "why": reason.to_string() })
        }
    }
}

/// The keys that are trusted to have signed the log.
fn keys(file: Option<&Path>, context: &Context) -> Result<Vec<VerifierKey>, Failure> {
    if let Some(path) = file {
        return files::keys(path);
    }
    let pinned = Credentials::of(&context.settings).pins()?.and_then(|pins| pins.log_key);
    Ok(pinned.and_then(|text| VerifierKey::parse(text.trim()).ok()).into_iter().collect())
}

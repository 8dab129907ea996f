//! The files that `verify` is given besides the export, each within its limit.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::path::Path;

use ledger::export::ExportReader;
use ledger::policy::POLICY_BYTES_MAX;
use ledger::proof_file::PROOF_BYTES_MAX;
use ledger::{Policy, VerifierKey};

use crate::failure::Failure;

/// Largest key file.
const KEY_BYTES_MAX: u64 = 4 * 1024;
/// Largest copy: sixteen million leaves.
const COPY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { what: "read", path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        let what = format!("{} is larger than {bytes_max} bytes", path.display());
        return Err(Failure::input(what, "Give the right file."));
    }
    Ok(bytes)
}

fn text(path: &Path, bytes_max: u64) -> Result<String, Failure> {
    let bytes = read(path, bytes_max)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::input(format!("{} is no text", path.display()), "Give the right file.")
    })
}

/// One key for each line that is not empty.
pub(super) fn keys(path: &Path) -> Result<Vec<VerifierKey>, Failure> {
    let text = text(path, KEY_BYTES_MAX)?;
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

/// A policy.
pub(super) fn policy(path: &Path) -> Result<Policy, Failure> {
    let bytes = read(path, POLICY_BYTES_MAX as u64)?;
    Policy::parse(&bytes).map_err(|error| {
        Failure::input(
            format!("{}: {error}", path.display()),
            "A policy lists keys and a quorum (C2SP tlog-policy); see docs/witness.md.",
        )
    })
}

/// A proof, as it is.
pub(super) fn proof(path: &Path) -> Result<String, Failure> {
    text(path, PROOF_BYTES_MAX as u64)
}

/// Receipts: one in its header form on each line that is not empty.
pub(super) fn receipts(path: &Path) -> Result<Vec<String>, Failure> {
    let text = text(path, 1024 * 1024)?;
    let words = text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty());
    Ok(words.map(str::to_owned).collect())
}

/// The whole of a copy.
pub(super) fn whole(path: &Path) -> Result<Vec<u8>, Failure> {
    read(path, COPY_BYTES_MAX)
}

/// Writes the proof of a verified export into a file of its own.
pub(super) fn keep_proof(export: &Path, target: &Path) -> Result<(), Failure> {
    let unread = |source| Failure::File { what: "read", path: export.to_owned(), source };
    let failed = |source| Failure::File { what: "write", path: target.to_owned(), source };
    let source = BufReader::new(File::open(export).map_err(unread)?);
    let head = ExportReader::new(source).head().ok();
    let proof = head.and_then(|head| head.anchor).ok_or_else(|| {
        Failure::input(
            format!("{} carries no proof: its log was not published yet", export.display()),
            "Export again in some minutes.",
        )
    })?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(target).map_err(failed)?;
    file.write_all(proof.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

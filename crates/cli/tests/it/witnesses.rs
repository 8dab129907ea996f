//! `verify` with a policy, a copy and kept proofs, and `verify receipt`, as processes.

use std::path::PathBuf;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use ledger::export::{ExportReader, ExportWriter};
use ledger::tiles::push_entry;
use ledger::{
    Checkpoint, CopyFile, Cosignature, CosignerKey, LogOrigin, Note, Opening, ProofFile,
    VerifierKey, cosignature,
};
use uuid::Uuid;

use crate::evidence::{receipt, signed};
use crate::house::{Ended, Machine, golden_export, log_key};

const WRITTEN_AT_MS: i64 = 1_790_000_000_000;
const HOUR_MS: i64 = 3_600_000;

/// A witness's public key and its line over a text.
fn witness(text: &str) -> (CosignerKey, String) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
    let public = pair.public_key().as_ref().try_into().unwrap();
    let key = CosignerKey::ed25519("witness.example/w1", public).unwrap();
    let signature = pair.sign(cosignature::message(text, 9).as_bytes());
    let signature = signature.as_ref().try_into().unwrap();
    let line = Cosignature { time_s: 9, signature }.line(&key);
    (key, line)
}

/// The golden log's checkpoint, opened; published as the only leaf.
fn opening() -> Opening {
    let golden = std::fs::read(golden_export()).unwrap();
    let head = ExportReader::new(&golden[..]).head().unwrap();
    let key = VerifierKey::parse(log_key()).unwrap();
    let note = Note::parse(&head.checkpoint).unwrap();
    let checkpoint = Checkpoint::parse(note.open(&[key]).unwrap()).unwrap();
    Opening { pseudonym: [3; 16], nonce: [4; 32], checkpoint }
}

/// The golden export with a proof that leads to a cosigned log of checkpoints, and a policy.
fn published(machine: &Machine, cosigned: bool) -> (PathBuf, PathBuf) {
    let opening = opening();
    let origin = LogOrigin::of_checkpoints(Uuid::from_u128(7).into());
    let text = Checkpoint { origin, size: 1, root: opening.blinded().leaf() }.text();
    let (key, line) = witness(&text);
    let checkpoint = signed(42, &text) + if cosigned { &line } else { "" };
    let extra = Some(opening.text().into_bytes());
    let proof = ProofFile { extra, index: 0, path: Vec::new(), checkpoint };
    let golden = std::fs::read(golden_export()).unwrap();
    let head = ExportReader::new(&golden[..]).head().unwrap();
    let (_, line) =
        ExportWriter::begin(&head.checkpoint, head.earlier, Some(proof.text()), None).unwrap();
    let rest = golden.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let export = machine.path("export.ndjson");
    std::fs::write(&export, [line.as_bytes(), &golden[rest..]].concat()).unwrap();
    (export, machine.file("policy", &format!("witness W {key}\nquorum W\n")))
}

fn verify(machine: &Machine, words: &[&std::path::Path], more: &[&str]) -> Ended {
    let key = machine.file("key", log_key());
    let words = words.iter().map(|path| path.to_str().unwrap());
    let words: Vec<&str> =
        std::iter::once("verify").chain(words).chain(["--key", key.to_str().unwrap()]).collect();
    machine.run(&[&words[..], more].concat())
}

#[test]
fn a_quorum_is_told_and_its_lack_cannot_establish() {
    let machine = Machine::new();
    for (cosigned, code, said) in [
        (true, 0, "VERIFIED as of size 7, cosigned by 1 of 1 witnesses"),
        (false, 11, "CANNOT ESTABLISH: cosigned by 0 of 1 witnesses"),
    ] {
        let (export, policy) = published(&machine, cosigned);
        let policy = policy.to_str().unwrap();
        let ended = verify(&machine, &[&export], &["--policy", policy]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.out.starts_with(said), "{ended:?}");
        let plain = verify(&machine, &[&golden_export()], &["--policy", policy]);
        assert_eq!(plain.code, Some(11), "{plain:?}");
        assert!(plain.out.contains("no proof that its log was published"), "{plain:?}");
    }
}

#[test]
fn a_copy_with_a_leaf_that_nobody_opens_is_tampering() {
    let machine = Machine::new();
    let (export, policy) = published(&machine, true);
    let (policy, opening) = (policy.to_str().unwrap().to_owned(), opening());
    let mut copy = CopyFile::head(std::slice::from_ref(&opening)).into_bytes();
    assert!(push_entry(&mut copy, opening.blinded().text().as_bytes()));
    let path = machine.path("copy");
    std::fs::write(&path, &copy).unwrap();
    let more = ["--policy", &policy, "--copy", path.to_str().unwrap(), "--json"];
    let good = verify(&machine, &[&export], &more);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert_eq!(good.json()[0]["published"]["leaves"], 1);
    assert_eq!(good.json()[0]["signed_by"], "operator and witnesses");
    let last = copy.len() - 3;
    copy[last] ^= 1;
    std::fs::write(&path, &copy).unwrap();
    let bad = verify(&machine, &[&export], &more);
    assert_eq!(bad.code, Some(10), "{bad:?}");
    std::fs::write(&path, b"nonsense").unwrap();
    assert_eq!(verify(&machine, &[&export], &more).code, Some(2));
}

#[test]
fn a_proof_is_kept_once_and_held_against_later_exports() {
    let machine = Machine::new();
    let (export, _) = published(&machine, true);
    let proof = machine.path("log.tlog-proof");
    let keep = ["--keep-proof", proof.to_str().unwrap()];
    assert_eq!(verify(&machine, &[&export], &keep).code, Some(0));
    assert!(std::fs::read_to_string(&proof).unwrap().starts_with("c2sp.org/tlog-proof@v1\n"));
    assert_ne!(verify(&machine, &[&export], &keep).code, Some(0), "nothing is written over");
    let held = ["--proof", proof.to_str().unwrap()];
    assert_eq!(verify(&machine, &[&golden_export()], &held).code, Some(0));
    let changed = std::fs::read_to_string(&proof).unwrap().replacen("index 0", "index 1", 1);
    std::fs::write(&proof, changed).unwrap();
    assert_eq!(verify(&machine, &[&golden_export()], &held).code, Some(10));
}

#[test]
fn a_policy_that_breaks_the_format_is_named_with_its_line() {
    let machine = Machine::new();
    let policy = machine.file("policy", "quorum none\nquorum none\n");
    let ended = verify(&machine, &[&golden_export()], &["--policy", policy.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("line 2 of the policy"), "{ended:?}");
}

#[test]
fn receipts_are_honoured_not_due_or_broken() {
    let machine = Machine::new();
    let receipts = |lines: &[String]| machine.file("receipts", &(lines.join("\n") + "\n"));
    let verified = |lines: &[String]| {
        verify(&machine, &["receipt".as_ref(), &receipts(lines), &golden_export()], &[])
    };
    let young = receipt(42, WRITTEN_AT_MS);
    let broken = receipt(42, WRITTEN_AT_MS - 2 * HOUR_MS);
    let ended = verified(std::slice::from_ref(&young));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("0 of 1 receipts are honoured, 1 are not due yet"), "{ended:?}");
    let ended = verified(&[young, broken]);
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(ended.out.contains("promised by a receipt"), "{ended:?}");
    let foreign = verified(&[receipt(43, WRITTEN_AT_MS)]);
    assert_eq!(foreign.code, Some(11), "{foreign:?}");
    assert_eq!(verified(&[]).code, Some(2));
}

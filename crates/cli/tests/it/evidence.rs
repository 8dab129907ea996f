//! What this person was promised and shown, held against an export that leaves it out.

use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64URL_NOPAD;
use domain::{EntryId, TenantId, TimeMs};
use ledger::{Checkpoint, LogOrigin, Receipt, Stream, VerifierKey};
use serde_json::json;
use uuid::Uuid;

use crate::house::{Ended, Machine, PROJECT, golden_export, log_key, server};
use crate::server::Reply;

/// When the entries of the golden export were written.
const WRITTEN_AT_MS: i64 = 1_790_000_000_000;
const HOUR_MS: i64 = 3_600_000;

/// Signs as the golden export was signed; with another seed, as somebody else.
pub(crate) fn signed(seed: u8, text: &str) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let key = VerifierKey::parse(log_key()).unwrap();
    ledger::note::signed_note(text, &key, pair.sign(text.as_bytes()).as_ref().try_into().unwrap())
}

fn origin() -> LogOrigin {
    let unit: TenantId = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00aa).into();
    LogOrigin::new(Uuid::from_u128(7).into(), unit, Stream::Workspace)
}

/// A receipt for an entry that the golden log does not have.
pub(crate) fn receipt(seed: u8, at_ms: i64) -> String {
    let entry: EntryId = Uuid::from_u128(9).into();
    let receipt = Receipt::new(origin(), entry, [9; 32], TimeMs(at_ms));
    BASE64URL_NOPAD.encode(signed(seed, &receipt.text()).as_bytes())
}

/// Does something that is answered with this receipt, then verifies the golden export.
fn after_an_act_with(receipt: &str) -> (Ended, Ended) {
    let receipt = receipt.to_owned();
    let server = server(move |asked| {
        (asked.line() == "POST /v1/projects").then(|| {
            let created = json!({ "id": PROJECT, "name": "shop", "created_at_ms": 0 });
            Reply::json(created).header("casemate-receipt", &receipt)
        })
    });
    let machine = Machine::new();
    machine.sign_in(&server);
    let act = machine.run(&["projects", "create", "shop"]);
    assert_eq!(act.code, Some(0), "{act:?}");
    (act, machine.run(&["verify", golden_export().to_str().unwrap()]))
}

#[test]
fn an_act_that_was_promised_and_left_out_convicts_the_log() {
    let (_, verdict) = after_an_act_with(&receipt(42, WRITTEN_AT_MS - 2 * HOUR_MS));
    assert_eq!(verdict.code, Some(10), "{verdict:?}");
    assert!(verdict.out.contains("promised by a receipt"), "{verdict:?}");
}

#[test]
fn an_act_that_is_not_due_yet_convicts_nobody() {
    let (_, verdict) = after_an_act_with(&receipt(42, WRITTEN_AT_MS));
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
    assert!(verdict.err.contains("(0 found, 1 not due yet)"), "{verdict:?}");
}

#[test]
fn a_receipt_that_somebody_else_signed_is_told_and_not_kept() {
    let (act, verdict) = after_an_act_with(&receipt(43, WRITTEN_AT_MS - 2 * HOUR_MS));
    assert!(act.err.contains("not signed by the log key"), "{act:?}");
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
}

/// Sees a checkpoint of this size and root, then verifies the golden export.
fn after_seeing(size: u64, root: [u8; 32]) -> Ended {
    let note = signed(42, &Checkpoint { origin: origin(), size, root }.text());
    let server = server(move |asked| {
        (asked.path == "/v1/audit/checkpoint").then(|| {
            let root = data_encoding::HEXLOWER.encode(&root);
            Reply::json(json!({ "checkpoint": note, "size": size, "root": root, "at_ms": 0 }))
        })
    });
    let machine = Machine::new();
    machine.sign_in(&server);
    let seen = machine.run(&["audit", "checkpoint"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    machine.run(&["verify", golden_export().to_str().unwrap()])
}

#[test]
fn a_log_that_was_rewritten_after_it_was_seen_is_convicted() {
    let verdict = after_seeing(3, [3; 32]);
    assert_eq!(verdict.code, Some(10), "{verdict:?}");
    assert!(verdict.out.contains("size 3"), "{verdict:?}");
}

#[test]
fn an_export_from_before_what_was_seen_is_no_crime() {
    let verdict = after_seeing(100, [3; 32]);
    assert_eq!(verdict.code, Some(0), "{verdict:?}");
    assert!(verdict.err.contains("at size 100"), "{verdict:?}");
}

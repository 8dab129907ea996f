//! Logs that were restored from a backup: what is explained, and what is still a lie.

use ledger::export::ExportedEntry;
use ledger::verify::{EntryFault, Finding, Verified};
use ledger::{
    AuditEvent, CanonicalEntry, Checkpoint, Epoch, Evidence, Frontier, LogOrigin, Policy, Receipt,
    Verb, Verdict, canonical_entry, verify_export,
};
use serde_json::json;

use crate::house::{AT_MS, Log, context, mint, origin, role_change};

const EPOCH: Epoch = Epoch(1_790_000_000_123);

/// A log of six entries, restored as it was at size `kept`, that went on for one entry more.
fn restored(kept: u64, said: u64, epoch: Epoch) -> Log {
    let mut log = Log::new(6, &[]);
    log.rows.truncate(usize::try_from(kept).unwrap());
    let mint = mint();
    let opened = AuditEvent::new(Verb::LogEpochOpened, "log", origin().in_epoch(epoch))
        .new_value(json!({"epoch": epoch.0, "size": said, "backup": 1}));
    let entries = [canonical_entry(&context(&mint), &opened, &mint), role_change(&mint)];
    for entry in entries {
        let CanonicalEntry { bytes, hash: leaf, personal, .. } = entry;
        let index = log.rows.len() as u64;
        log.rows.push(ExportedEntry { index, leaf, bytes, personal, erased: Vec::new() });
    }
    sign(&mut log, EPOCH);
    log
}

fn sign(log: &mut Log, epoch: Epoch) {
    log.checkpoint = signed_at(log, log.rows.len(), epoch);
}

fn signed_at(log: &Log, size: usize, epoch: Epoch) -> String {
    let mut frontier = Frontier::new();
    log.rows.iter().take(size).for_each(|row| frontier.append(row.leaf, |_, _| {}));
    let origin = origin().in_epoch(epoch);
    let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
    log.signer.sign(&checkpoint.text())
}

fn verdict(log: &Log, seen: &[&str], receipts: &[&str]) -> Verdict {
    let keys = std::slice::from_ref(&log.signer.key);
    verify_export(&log.export()[..], Evidence { keys, seen, receipts, ..Evidence::default() })
}

fn verified(verdict: Verdict) -> Verified {
    match verdict {
        Verdict::Verified(verified) => verified,
        other => panic!("{other}"),
    }
}

#[test]
fn an_origin_says_its_epoch_and_stays_one_log() {
    let first = origin();
    let later = first.in_epoch(EPOCH);
    assert_eq!((first.epoch(), later.epoch()), (Epoch::FIRST, EPOCH));
    assert!(first.same_log(&later) && later.same_log(&first));
    assert_eq!(later.in_epoch(Epoch(7)).as_str(), format!("{first}/7"), "one epoch at a time");
    assert_eq!(later.in_epoch(Epoch::FIRST), first);
    assert_eq!(later.parts(), first.parts());
    let (instance, ..) = first.parts().unwrap();
    let public = LogOrigin::of_checkpoints(instance);
    assert!(public.same_log(&public.in_epoch(EPOCH)) && !public.same_log(&first));
    for other in ["/0", "/01", "/x", "/-1", "/7/8"] {
        let odd = LogOrigin::parse(&format!("{first}{other}")).unwrap();
        assert!(!odd.same_log(&first), "{other}");
    }
}

#[test]
fn a_restored_log_is_verified_and_says_where_it_was_cut() {
    let verdict = verdict(&restored(4, 4, EPOCH), &[], &[]);
    let text = verdict.to_string();
    assert!(text.starts_with("VERIFIED as of size 6"), "{text}");
    assert!(text.contains("restored from a backup at size 4"), "{text}");
    assert_eq!(verified(verdict).restores.len(), 1);
}

#[test]
fn checkpoints_of_the_lost_branch_are_explained_and_earlier_ones_still_bind() {
    let (before, log) = (Log::new(6, &[]), restored(4, 4, EPOCH));
    let lost = [signed_at(&before, 5, Epoch::FIRST), signed_at(&before, 6, Epoch::FIRST)];
    let kept = signed_at(&before, 3, Epoch::FIRST);
    let found = verified(verdict(&log, &[&lost[0], &lost[1], &kept], &[]));
    assert_eq!(found.lost, 2);
    let mut other = restored(4, 4, EPOCH);
    other.rows[1] = Log::new(9, &[]).rows[8].clone();
    other.rows[1].index = 1;
    sign(&mut other, EPOCH);
    let judged = verdict(&other, &[&kept], &[]);
    assert_eq!(judged, Verdict::Tampered(Finding::SeenCheckpoint { size: 3 }));
}

#[test]
fn a_log_that_was_cut_back_without_a_word_is_still_tampered() {
    let before = Log::new(6, &[]);
    let seen = signed_at(&before, 6, Epoch::FIRST);
    let mut cut = Log::new(4, &[]);
    let judged = verdict(&cut, &[&seen], &[]);
    assert_eq!(judged, Verdict::Tampered(Finding::SeenCheckpoint { size: 6 }));
    // Under the new name, but without the entry that tells of a restore.
    sign(&mut cut, EPOCH);
    let judged = verdict(&cut, &[&seen], &[]);
    assert_eq!(judged, Verdict::Tampered(Finding::Epoch { epoch: EPOCH.0 }));
}

#[test]
fn an_epoch_that_says_another_size_or_goes_back_is_refused() {
    let judged = verdict(&restored(4, 3, EPOCH), &[], &[]);
    let fault = Finding::Entry { index: 4, what: EntryFault::Epoch };
    assert_eq!(judged, Verdict::Tampered(fault));
    let mut twice = restored(4, 4, EPOCH);
    let again = restored(6, 6, Epoch(EPOCH.0 - 1)).rows.swap_remove(6);
    twice.rows.push(again);
    sign(&mut twice, EPOCH);
    let fault = Finding::Entry { index: 6, what: EntryFault::Epoch };
    assert_eq!(verdict(&twice, &[], &[]), Verdict::Tampered(fault));
    let mut unsaid = restored(4, 4, EPOCH);
    sign(&mut unsaid, Epoch::FIRST);
    assert_eq!(verdict(&unsaid, &[], &[]), Verdict::Tampered(Finding::Epoch { epoch: 0 }));
}

#[test]
fn a_checkpoint_of_a_later_epoch_convicts_a_log_that_went_back_before_it() {
    let later = signed_at(&restored(4, 4, EPOCH), 6, EPOCH);
    let judged = verdict(&Log::new(6, &[]), &[&later], &[]);
    assert_eq!(judged, Verdict::Tampered(Finding::SeenCheckpoint { size: 6 }));
}

#[test]
fn a_promise_that_a_restore_lost_is_explained_and_one_that_was_broken_before_is_not() {
    let log = restored(4, 4, EPOCH);
    let mint = mint();
    let promised = |at: i64| {
        let receipt = Receipt::new(origin(), mint.id(), [9; 32], domain::TimeMs(at));
        ledger::receipt::header_form(&log.signer.sign(&receipt.text()))
    };
    let lost = promised(AT_MS);
    assert_eq!(verified(verdict(&log, &[], &[&lost])).lost, 1);
    let broken = promised(AT_MS - 2 * domain::limits::MERGE_DELAY_MS_MAX);
    let judged = verdict(&log, &[], &[&broken]);
    assert!(matches!(judged, Verdict::Tampered(Finding::Receipt { .. })), "{judged}");
}

#[test]
fn the_log_of_checkpoints_is_judged_by_its_key_in_every_epoch() {
    let signer = crate::house::signer();
    let (instance, ..) = origin().parts().unwrap();
    let judge = |origin: LogOrigin| {
        let text = Checkpoint { origin, size: 3, root: [7; 32] }.text();
        let key = std::slice::from_ref(&signer.key);
        Policy::operator_only().judge(&signer.sign(&text), key).is_ok()
    };
    let public = LogOrigin::of_checkpoints(instance);
    assert!(judge(public.in_epoch(EPOCH)) && judge(public));
    assert!(!judge(origin()), "another log's name");
}

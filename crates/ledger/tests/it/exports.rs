//! Attacks on an export: whatever is changed, the verdict is not VERIFIED.

use ledger::receipt::header_form;
use ledger::tree::leaf_hash;
use ledger::verify::{EntryFault, Finding, Reason};
use ledger::{Evidence, Receipt, Verdict, verify_export};

use crate::house::{self, Log, Signer, verdict};

fn tampered(verdict: Verdict) -> Finding {
    match verdict {
        Verdict::Tampered(finding) => finding,
        other => panic!("not tampered: {other}"),
    }
}

fn verified(verdict: Verdict) -> ledger::verify::Verified {
    match verdict {
        Verdict::Verified(verified) => verified,
        other => panic!("not verified: {other}"),
    }
}

#[test]
fn an_untouched_export_is_verified_and_says_who_signed() {
    let log = Log::new(9, &[2, 5]);
    assert_eq!(log.verdict().to_string(), "VERIFIED as of size 9, signed by the operator only");
    let verified = verified(log.verdict());
    assert_eq!((verified.size, verified.checkpoints, verified.personal), (9, 2, 27));
    assert_eq!((verified.withheld, verified.pending_receipts), (0, 0));
}

#[test]
fn an_empty_log_is_verified_as_empty() {
    assert_eq!(verified(Log::new(0, &[]).verdict()).size, 0);
}

#[test]
fn no_flip_of_any_byte_is_verified() {
    let log = Log::new(3, &[1]);
    let file = log.export();
    for place in 0..file.len() {
        for flip in [0x01, 0x02, 0x20, 0x80, 0xff] {
            let mut changed = file.clone();
            changed[place] ^= flip;
            let verdict = verdict(&changed, &log.signer.key);
            assert_ne!(verdict.word(), "VERIFIED", "byte {place} by {flip:#x}");
        }
    }
}

#[test]
fn no_truncation_is_verified_and_none_is_called_tampering() {
    let log = Log::new(3, &[1]);
    let file = log.export();
    for length in 0..file.len() {
        let verdict = verdict(&file[..length], &log.signer.key);
        assert_eq!(verdict, Verdict::CannotEstablish(Reason::Truncated), "first {length} bytes");
    }
}

#[test]
fn nothing_may_be_inserted_or_doubled_anywhere() {
    let log = Log::new(2, &[]);
    let file = log.export();
    for place in 0..=file.len() {
        for insert in [b' ', b'\n', b'0', b'"', b'}'] {
            let mut changed = file.clone();
            changed.insert(place, insert);
            let verdict = verdict(&changed, &log.signer.key);
            assert_ne!(verdict.word(), "VERIFIED", "{insert:#x} before byte {place}");
        }
    }
    let lines: Vec<&[u8]> = file.split_inclusive(|&b| b == b'\n').collect();
    for doubled in 0..lines.len() {
        let mut changed = lines.clone();
        changed.insert(doubled, lines[doubled]);
        assert_eq!(
            verdict(&changed.concat(), &log.signer.key).word(),
            "TAMPERED",
            "line {doubled}"
        );
        changed = lines.clone();
        changed.remove(doubled);
        assert_ne!(
            verdict(&changed.concat(), &log.signer.key).word(),
            "VERIFIED",
            "line {doubled}"
        );
    }
}

#[test]
fn a_rewritten_entry_is_named() {
    let mut log = Log::new(8, &[]);
    let text = String::from_utf8(log.rows[5].bytes.clone()).unwrap();
    log.rows[5].bytes = text.replace("operator", "owner").into_bytes();
    let finding = tampered(log.verdict());
    assert_eq!(finding, Finding::Entry { index: 5, what: EntryFault::Content });
}

#[test]
fn a_rewritten_entry_with_its_hash_corrected_is_found_between_two_checkpoints() {
    let mut log = Log::new(12, &[3, 6, 9]);
    let text = String::from_utf8(log.rows[7].bytes.clone()).unwrap();
    log.rows[7].bytes = text.replace("operator", "owner").into_bytes();
    log.rows[7].leaf = leaf_hash(&log.rows[7].bytes);
    assert_eq!(tampered(log.verdict()), Finding::Root { after: 6, size: 9 });
    log.earlier.clear();
    assert_eq!(tampered(log.verdict()), Finding::Root { after: 0, size: 12 });
}

#[test]
fn swapped_entries_are_found_with_and_without_their_indices() {
    let mut log = Log::new(6, &[4]);
    log.rows.swap(1, 2);
    let finding = tampered(log.verdict());
    assert_eq!(finding, Finding::Entry { index: 1, what: EntryFault::Position });
    log.rows[1].index = 1;
    log.rows[2].index = 2;
    assert_eq!(tampered(log.verdict()), Finding::Root { after: 0, size: 4 });
}

#[test]
fn a_deleted_tail_and_a_deleted_middle_are_found() {
    let mut log = Log::new(6, &[]);
    let last = log.rows.pop();
    assert_eq!(tampered(log.verdict()), Finding::Missing { found: 5, size: 6 });
    log.rows.extend(last);
    log.rows.remove(2);
    let finding = tampered(log.verdict());
    assert_eq!(finding, Finding::Entry { index: 2, what: EntryFault::Position });
}

#[test]
fn an_entry_added_after_the_checkpoint_is_found() {
    let mut log = Log::new(6, &[]);
    let extra = Log::new(7, &[]).rows.pop();
    log.rows.extend(extra);
    let finding = tampered(log.verdict());
    assert_eq!(finding, Finding::Entry { index: 6, what: EntryFault::Position });
}

#[test]
fn an_entry_of_another_log_is_found_even_under_a_valid_signature() {
    let mut log = Log::new(2, &[]);
    let text = String::from_utf8(log.rows[1].bytes.clone()).unwrap();
    log.rows[1].bytes = text.replace("0000000000aa", "0000000000bb").into_bytes();
    log.rows[1].leaf = leaf_hash(&log.rows[1].bytes);
    let mut frontier = ledger::Frontier::new();
    log.rows.iter().for_each(|row| frontier.append(row.leaf, |_, _| {}));
    log.checkpoint = log.signer.sign(&house::checkpoint(&frontier).text());
    let finding = tampered(log.verdict());
    assert_eq!(finding, Finding::Entry { index: 1, what: EntryFault::OtherLog });
}

#[test]
fn a_replaced_personal_value_is_named() {
    let mut log = Log::new(4, &[]);
    log.rows[2].personal[0].value = "198.51.100.1".into();
    let what = EntryFault::Personal { field: "ip".into() };
    assert_eq!(tampered(log.verdict()), Finding::Entry { index: 2, what });
    let mut log = Log::new(4, &[]);
    log.rows[3].personal[2].salt[0] ^= 1;
    let what = EntryFault::Personal { field: "email".into() };
    assert_eq!(tampered(log.verdict()), Finding::Entry { index: 3, what });
}

#[test]
fn personal_values_cannot_change_places() {
    let mut log = Log::new(2, &[]);
    let other = log.rows[1].personal.clone();
    log.rows[0].personal = other;
    let what = EntryFault::Personal { field: "email".into() };
    assert_eq!(tampered(log.verdict()), Finding::Entry { index: 0, what });
}

#[test]
fn an_erased_personal_value_is_counted_and_breaks_nothing() {
    let mut log = Log::new(4, &[2]);
    log.rows[1].personal.clear();
    log.rows[2].personal.remove(0);
    let verified = verified(log.verdict());
    assert_eq!((verified.personal, verified.withheld), (8, 4));
}

#[test]
fn a_whole_log_signed_by_a_forged_key_is_not_established() {
    let mut log = Log::new(5, &[]);
    let trusted = log.signer.key.clone();
    // The forger uses the same key name; only the key differs.
    log.signer = Signer::new(trusted.name(), [66; 32]);
    let (head, _) = log.checkpoint.split_once("\n\n").unwrap();
    log.checkpoint = log.signer.sign(&format!("{head}\n"));
    assert_eq!(log.verdict().word(), "VERIFIED", "the forger's own key accepts it");
    let verdict = verdict(&log.export(), &trusted);
    assert_eq!(verdict, Verdict::CannotEstablish(Reason::UnknownKey));
}

#[test]
fn a_signature_moved_to_another_root_is_found() {
    let mut log = Log::new(5, &[]);
    let other = Log::new(4, &[]);
    let (text, _) = log.checkpoint.split_once("\n\n").unwrap();
    let (_, line) = other.checkpoint.split_once("\n\n").unwrap();
    log.checkpoint = format!("{text}\n\n{line}");
    assert_eq!(tampered(log.verdict()), Finding::Checkpoint);
}

#[test]
fn without_a_key_nothing_is_established() {
    let verdict = verify_export(&Log::new(3, &[]).export()[..], Evidence::default());
    assert_eq!(verdict, Verdict::CannotEstablish(Reason::NoKey));
}

#[test]
fn another_file_is_not_an_export() {
    let key = house::signer().key;
    for file in ["not json\n", "{}\n", "{\"format\":\"casemate.export.v9\"}\n", "\n"] {
        let verdict = verdict(file.as_bytes(), &key);
        assert_eq!(verdict, Verdict::CannotEstablish(Reason::NotAnExport), "{file}");
    }
}

#[test]
fn earlier_checkpoints_must_ascend_be_signed_and_lie_inside() {
    let sizes = [2, 4];
    let mut log = Log::new(6, &sizes);
    log.earlier.reverse();
    assert!(matches!(tampered(log.verdict()), Finding::EarlierCheckpoint { .. }), "descending");
    let mut log = Log::new(6, &sizes);
    log.earlier.push(log.checkpoint.clone());
    assert!(matches!(tampered(log.verdict()), Finding::EarlierCheckpoint { .. }), "not smaller");
    let mut log = Log::new(6, &sizes);
    log.earlier[1] = log.earlier[1].replace("\n4\n", "\n3\n");
    assert!(matches!(tampered(log.verdict()), Finding::EarlierCheckpoint { .. }), "rewritten");
    let mut log = Log::new(6, &sizes);
    let (text, _) = log.earlier[1].split_once("\n\n").unwrap();
    let elsewhere = text.replace("workspace", "security");
    log.earlier[1] = log.signer.sign(&format!("{elsewhere}\n"));
    assert!(matches!(tampered(log.verdict()), Finding::EarlierCheckpoint { .. }), "other log");
}

#[test]
fn a_log_rolled_back_behind_a_checkpoint_somebody_kept_is_found() {
    let (long, short) = (Log::new(8, &[]), Log::new(5, &[]));
    let keys = std::slice::from_ref(&short.signer.key);
    assert_eq!(short.verdict().word(), "VERIFIED", "by itself it looks whole");
    let seen = [long.checkpoint.as_str()];
    let evidence = Evidence { keys, seen: &seen, ..Evidence::default() };
    let verdict = verify_export(&short.export()[..], evidence);
    assert_eq!(tampered(verdict), Finding::SeenCheckpoint { size: 8 });
    let seen = [short.checkpoint.as_str()];
    let evidence = Evidence { keys, seen: &seen, ..Evidence::default() };
    assert_eq!(verified(verify_export(&long.export()[..], evidence)).checkpoints, 1);
}

#[test]
fn a_forked_log_is_found_by_a_checkpoint_of_the_other_branch() {
    let log = Log::new(8, &[]);
    let fork = ledger::Checkpoint { origin: house::origin(), size: 4, root: [1; 32] };
    let seen = log.signer.sign(&fork.text());
    let seen = [seen.as_str()];
    let keys = std::slice::from_ref(&log.signer.key);
    let evidence = Evidence { keys, seen: &seen, ..Evidence::default() };
    let verdict = verify_export(&log.export()[..], evidence);
    assert_eq!(tampered(verdict), Finding::SeenCheckpoint { size: 4 });
}

#[test]
fn an_omitted_entry_is_proved_by_its_receipt_once_the_log_has_gone_past_its_time() {
    let log = Log::new(3, &[]);
    let promise = |hash, at| {
        let receipt = Receipt::new(house::origin(), house::mint().id(), hash, domain::TimeMs(at));
        header_form(&log.signer.sign(&receipt.text()))
    };
    let check = |header: &str| {
        let keys = std::slice::from_ref(&log.signer.key);
        let receipts = [header];
        let evidence = Evidence { keys, receipts: &receipts, ..Evidence::default() };
        verify_export(&log.export()[..], evidence)
    };
    let kept = promise(log.rows[1].leaf, house::AT_MS);
    assert_eq!(verified(check(&kept)).pending_receipts, 0);
    let fresh = promise([9; 32], house::AT_MS);
    assert_eq!(verified(check(&fresh)).pending_receipts, 1, "its time is not over");
    let overdue = promise([9; 32], house::AT_MS - 2 * domain::limits::MERGE_DELAY_MS_MAX);
    assert!(matches!(tampered(check(&overdue)), Finding::Receipt { .. }));
    let foreign = Verdict::CannotEstablish(Reason::ForeignEvidence);
    assert_eq!(check("bm90IGEgcmVjZWlwdA"), foreign);
}

#[test]
fn an_entry_of_a_later_format_is_neither_verified_nor_called_tampering() {
    let mut log = Log::new(2, &[]);
    let text = String::from_utf8(log.rows[1].bytes.clone()).unwrap();
    log.rows[1].bytes = text.replace("\"format\":1", "\"format\":2").into_bytes();
    log.rows[1].leaf = leaf_hash(&log.rows[1].bytes);
    let reason = Reason::NewerEntry { index: 1, format: 2 };
    assert_eq!(log.verdict(), Verdict::CannotEstablish(reason));
}

#[test]
fn a_line_without_end_is_refused_in_bounded_memory() {
    struct Endless;
    impl std::io::Read for Endless {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            bytes.fill(b'a');
            Ok(bytes.len())
        }
    }
    let keys = [house::signer().key];
    let evidence = Evidence { keys: &keys, ..Evidence::default() };
    let verdict = verify_export(std::io::BufReader::new(Endless), evidence);
    assert_eq!(verdict, Verdict::CannotEstablish(Reason::NotAnExport));
}

#[test]
fn an_erased_value_is_told_apart_from_a_withheld_one_and_cannot_be_claimed_for_another() {
    let mut log = Log::new(4, &[]);
    log.rows[1].personal.retain(|personal| personal.field != "ip");
    log.rows[2].personal.retain(|personal| personal.field != "ip");
    log.rows[2].erased = vec!["ip".to_owned()];
    let found = verified(log.verdict());
    assert_eq!((found.personal, found.erased, found.withheld), (10, 1, 1));
    // A field that is here, or that the entry never had, was not erased.
    for claimed in ["email", "shoe_size"] {
        log.rows[3].erased = vec![claimed.to_owned()];
        let what = EntryFault::Personal { field: claimed.to_owned() };
        assert_eq!(tampered(log.verdict()), Finding::Entry { index: 3, what });
    }
}

//! What lies in a witness's folder, and what becomes of a witness whose folder was damaged.

use std::os::unix::fs::PermissionsExt;

use ledger::tree::empty_root;
use ledger::witness::{Record, Refusal};
use proptest::prelude::*;
use witness::book::Book;
use witness::desk::NotSigned;
use witness::logs::{KEYS_PER_LOG_MAX, LOGS_MAX};
use witness::{Desk, Home, Trouble, TrustedLogs};

use crate::house::{History, NOW_S, open, set_up};

const LOG: &str = "log.example/a";

#[test]
fn the_key_and_the_record_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("deep/witness");
    let key = set_up(&folder, &[LOG.into()]);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["key", "record", "lock"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert_eq!(open(&folder).key().public(), key.public(), "the key is kept");
    let secret = std::fs::read_to_string(folder.join("key")).unwrap();
    let secret = secret.lines().nth(2).unwrap();
    assert!(!format!("{key:?}").contains(secret));
}

#[test]
fn a_second_witness_is_not_made_over_the_first_and_two_do_not_run() {
    let folder = tempfile::tempdir().unwrap();
    set_up(folder.path(), &[LOG.into()]);
    let home = Home::take(folder.path()).unwrap();
    assert!(matches!(Desk::create(&home, "other"), Err(Trouble::Exists(_))));
    assert!(matches!(Home::take(folder.path()), Err(Trouble::Held(_))));
    drop(home);
    assert!(Home::take(folder.path()).is_ok());
}

#[test]
fn a_name_that_cannot_stand_in_a_line_is_refused() {
    for name in ["", "two words", "a+b", "line\nbreak"] {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        assert!(matches!(Desk::create(&home, name), Err(Trouble::Name)), "{name:?}");
        assert!(!home.key().exists());
    }
}

#[test]
fn a_witness_without_its_record_or_with_a_changed_one_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    set_up(folder.path(), &[LOG.into()]);
    let body = History::new(LOG, 0, 9).request(0, 9);
    open(folder.path()).add_checkpoint(&body).unwrap();
    let path = folder.path().join("record");
    let good = std::fs::read(&path).unwrap();
    let refused = || {
        let home = Home::take(folder.path()).unwrap();
        Desk::open(home, TrustedLogs::default(), std::sync::Arc::new(crate::house::Still)).err()
    };
    for end in 0..good.len() {
        std::fs::write(&path, &good[..end]).unwrap();
        assert!(matches!(refused(), Some(Trouble::Form { .. })), "cut at {end}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(refused(), Some(Trouble::Missing(_))));
    std::fs::write(&path, &good).unwrap();
    assert!(refused().is_none());
    std::fs::write(folder.path().join("key"), "casemate.witness-key.v1\nw\nAAAA\n").unwrap();
    assert!(matches!(refused(), Some(Trouble::Form { .. })));
}

#[test]
fn what_was_cosigned_is_remembered_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let key = set_up(folder.path(), &[LOG.into()]);
    let mut honest = History::new(LOG, 0, 20);
    let line = open(folder.path()).add_checkpoint(&honest.request(0, 12)).unwrap();
    assert!(honest.is_cosigned(12, &line, key.public()));
    let desk = open(folder.path());
    let refusal = |body: &str| match desk.add_checkpoint(body) {
        Err(NotSigned::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(&History::new(LOG, 1, 20).request(0, 12)), Refusal::Conflict { size: 12 });
    assert_eq!(refusal(&History::new(LOG, 1, 20).request(12, 12)), Refusal::Conflict { size: 12 });
    assert_eq!(refusal(&History::new(LOG, 1, 20).request(12, 20)), Refusal::Inconsistent);
    let again = desk.add_checkpoint(&honest.request(12, 12)).unwrap();
    assert!(honest.is_cosigned(12, &again, key.public()));
    assert!(desk.add_checkpoint(&honest.request(12, 20)).is_ok());
    let line = ledger::Note::parse(&format!("{}\n{again}", honest.text(12)))
        .map(|note| key.public().cosignature(&note).unwrap().unwrap().time_s);
    assert_eq!(line, Ok(NOW_S), "in seconds");
}

#[test]
fn a_disk_that_fails_ends_all_signing_until_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    set_up(folder.path(), &[LOG.into()]);
    let mut honest = History::new(LOG, 0, 20);
    let desk = open(folder.path());
    desk.add_checkpoint(&honest.request(0, 5)).unwrap();
    // The name under which the next record is written is taken by a folder.
    std::fs::create_dir(folder.path().join("record.new")).unwrap();
    let outcome = desk.add_checkpoint(&honest.request(5, 9));
    assert!(matches!(outcome, Err(NotSigned::Trouble)), "{outcome:?}");
    std::fs::remove_dir(folder.path().join("record.new")).unwrap();
    for body in [honest.request(5, 9), honest.request(5, 5)] {
        assert!(matches!(desk.add_checkpoint(&body), Err(NotSigned::Trouble)));
    }
    drop(desk);
    assert!(open(folder.path()).add_checkpoint(&honest.request(5, 9)).is_ok());
}

#[test]
fn a_book_only_grows() {
    let at = |size| Record { size, root: empty_root() };
    let book = Book::default().with("a", at(0)).unwrap().with("a", at(5)).unwrap();
    assert!(book.with("a", at(5)).is_none() && book.with("a", at(4)).is_none());
    assert_eq!(book.with("b", at(1)).unwrap().record("a"), Some(at(5)));
}

#[test]
fn the_list_of_logs_names_its_first_bad_line() {
    let key = History::new(LOG, 0, 0).key.to_string();
    let list = format!("# mine\n\n{key}\n  {key} go.sum database tree \n");
    let logs = TrustedLogs::parse(&list).unwrap();
    assert_eq!(logs.origins().collect::<Vec<_>>(), ["go.sum database tree", LOG]);
    assert_eq!(TrustedLogs::parse(&format!("{key}\nnonsense\n")), Err(2));
    assert_eq!(TrustedLogs::parse(&format!("{key} {}\n", "x".repeat(257))), Err(1));
    let keys = format!("{key} one\n").repeat(KEYS_PER_LOG_MAX + 1);
    assert_eq!(TrustedLogs::parse(&keys), Err(KEYS_PER_LOG_MAX + 1));
    let many: String = (0..=LOGS_MAX).map(|number| format!("{key} log{number}\n")).collect();
    assert_eq!(TrustedLogs::parse(&many), Err(LOGS_MAX + 1));
}

proptest! {
    #[test]
    fn no_noise_makes_the_list_panic(text in any::<String>()) {
        let _ = TrustedLogs::parse(&text);
    }
}

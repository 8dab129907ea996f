//! The journal against torn tails, holes, forgeries and a copier that never comes.

use std::sync::atomic::AtomicI64;

use domain::{InstanceId, TenantId, TimeMs};
use seal::{HeapHomes, Key, RootKey, SystemEntropy};
use uuid::Uuid;

use super::*;
use crate::instance_keys::InstanceKeys;
use crate::key_store::{Identity, KeyStore};

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> TimeMs {
        TimeMs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct Desk {
    folder: tempfile::TempDir,
    keys: Arc<InstanceKeys>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = RootKey::new(Key::random(&HeapHomes, &SystemEntropy).ok().unwrap());
        let instance = InstanceId::from(Uuid::from_u128(1));
        let identity = Identity { instance, root_key: root.id(), root_check: root.check_value() };
        let store = KeyStore::create(&folder.path().join("keys"), &identity).unwrap();
        let now = TimeMs(0);
        InstanceKeys::create(&store, &root, instance, &HeapHomes, &SystemEntropy, now).unwrap();
        let keys = InstanceKeys::load(&store, &root, instance, &HeapHomes).unwrap();
        Self { folder, keys: Arc::new(keys) }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("journal")
    }

    fn open(&self, copied: u64) -> Result<Journal, StartError> {
        let clock = Arc::new(Ticking(AtomicI64::new(1)));
        Journal::open(&self.path(), copied, Arc::clone(&self.keys), clock)
    }

    /// A journal of three batches of one entry each; where each batch begins, and the end.
    fn three_batches(&self) -> Vec<usize> {
        let journal = self.open(0).unwrap();
        let mut marks = vec![0];
        for number in 0..3 {
            journal.append(opening(number)).unwrap();
            marks.push(std::fs::read(self.path()).unwrap().len());
        }
        marks
    }
}

fn opening(number: u128) -> Opening {
    Opening {
        realm: Realm::Tenant(TenantId::from(Uuid::from_u128(number % 2))),
        purpose: Purpose::Reveal,
        actor: format!("user:{number}"),
        request: Some(RequestId::from(Uuid::from_u128(number))),
        records: vec![RecordName {
            scope: crate::DataScope::Whole,
            kind: crate::RecordKind::SecretValue,
            id: Uuid::from_u128(number),
            version: 1,
        }],
        glass: None,
    }
}

fn damaged(outcome: Result<Journal, StartError>) -> &'static str {
    match outcome.err() {
        Some(StartError::Damaged { reason, .. }) => reason,
        other => panic!("damage expected, not {other:?}"),
    }
}

#[test]
fn entries_are_dense_chained_and_read_back_after_a_restart() {
    let desk = Desk::new();
    let before = {
        let journal = desk.open(0).unwrap();
        for number in 0..10 {
            assert_eq!(
                journal.append(opening(number)).unwrap(),
                u64::try_from(number).unwrap() + 1
            );
        }
        journal.after(0, 100).unwrap()
    };
    let journal = desk.open(0).unwrap();
    let after = journal.after(0, 100).unwrap();
    assert_eq!(before, after);
    assert_eq!(
        after.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
        (1..=10).collect::<Vec<_>>()
    );
    assert_eq!(journal.append(opening(10)).unwrap(), 11);
    assert_eq!(journal.after(4, 3).unwrap().iter().map(|e| e.seq).collect::<Vec<_>>(), [5, 6, 7]);
}

#[test]
fn copied_entries_are_left_behind_and_the_chain_goes_on() {
    let desk = Desk::new();
    let open = |copied| {
        let clock = Arc::new(Ticking(AtomicI64::new(1)));
        Journal::open_shortened(&desk.path(), copied, Arc::clone(&desk.keys), clock, 2_000).unwrap()
    };
    let mut journal = open(0);
    for number in 0..100u64 {
        assert_eq!(journal.append(opening(number.into())), Ok(number + 1));
        if number % 7 == 0 {
            journal.copied(number.saturating_sub(3));
        }
        if number % 31 == 0 {
            let copied = journal.shared.copied();
            assert_eq!(journal.after(copied, 100).unwrap().last().unwrap().seq, number + 1);
            drop(journal);
            journal = open(copied);
        }
    }
    let copied = journal.shared.copied();
    let left: Vec<_> = journal.after(copied, 100).unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(left, (copied + 1..=100).collect::<Vec<_>>());
    drop(journal);
    let size = std::fs::metadata(desk.path()).unwrap().len();
    assert!(size < 6_000, "{size} bytes are left in the journal");
    let files = std::fs::read_dir(desk.folder.path()).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let archives = names.filter(|name| name.starts_with("journal.through-")).count();
    assert!(archives >= 3, "{archives} archives");
    // Nothing that is not in the logs yet may be missing from the front.
    assert_eq!(damaged(desk.open(1)), "a batch does not continue the one before it");
}

#[test]
fn a_move_to_a_new_file_that_was_interrupted_loses_nothing() {
    let desk = Desk::new();
    desk.three_batches();
    std::fs::write(desk.path().with_added_extension("new"), b"half of a new file").unwrap();
    let archive = desk.path().with_added_extension("through-00000000000000000002");
    std::fs::hard_link(desk.path(), archive).unwrap();
    let clock = Arc::new(Ticking(AtomicI64::new(1)));
    let journal = Journal::open_shortened(&desk.path(), 3, Arc::clone(&desk.keys), clock, 100);
    let journal = journal.unwrap();
    assert_eq!(journal.append(opening(3)), Ok(4));
    assert_eq!(journal.append(opening(4)), Ok(5));
    drop(journal);
    assert_eq!(desk.open(3).unwrap().after(3, 10).unwrap().len(), 2);
}

/// A kill cannot show a missing sync, since the kernel still writes; the open file's flags can.
#[test]
fn a_write_to_the_journal_returns_when_it_is_on_the_disk() {
    let desk = Desk::new();
    let _journal = desk.open(0).unwrap();
    let path = desk.path().canonicalize().unwrap();
    let mut handles = 0;
    for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        if std::fs::read_link(entry.path()).is_ok_and(|target| target == path) {
            let info = std::path::Path::new("/proc/self/fdinfo").join(entry.file_name());
            let info = std::fs::read_to_string(info).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
            let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
            let durable = rustix::fs::OFlags::DSYNC.bits();
            assert_eq!(flags & durable, durable, "flags {flags:o}");
            handles += 1;
        }
    }
    assert!(handles > 0);
}

#[test]
fn callers_at_once_share_batches_and_each_gets_a_number_of_its_own() {
    let desk = Desk::new();
    let journal = Arc::new(desk.open(0).unwrap());
    let threads: Vec<_> = (0..16)
        .map(|thread| {
            let journal = Arc::clone(&journal);
            std::thread::spawn(move || {
                let append = |number: u128| journal.append(opening(thread * 100 + number)).unwrap();
                (0..20).map(append).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut numbers: Vec<_> =
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=320).collect::<Vec<_>>());
    assert_eq!(journal.after(0, 1_000).unwrap().len(), 320);
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off_and_the_journal_goes_on() {
    let desk = Desk::new();
    let marks = desk.three_batches();
    let whole = std::fs::read(desk.path()).unwrap();
    for end in 0..whole.len() {
        std::fs::write(desk.path(), &whole[..end]).unwrap();
        let journal = desk.open(0).unwrap();
        let kept = marks.iter().filter(|mark| **mark > 0 && **mark <= end).count();
        assert_eq!(journal.head(), u64::try_from(kept).unwrap(), "{end} bytes");
    }
    std::fs::write(desk.path(), &whole[..marks[3] - 1]).unwrap();
    let journal = desk.open(0).unwrap();
    assert_eq!(journal.append(opening(9)).unwrap(), 3);
    drop(journal);
    assert_eq!(desk.open(0).unwrap().head(), 3);
}

#[test]
fn garbage_after_the_last_batch_is_a_torn_tail() {
    let desk = Desk::new();
    desk.three_batches();
    let whole = std::fs::read(desk.path()).unwrap();
    for garbage in [&b"\0\0\0\0\0\0\0\0"[..], b"CmJ1", b"CmJ1\0\0\0\x04abcd", &[0xff; 5000]] {
        std::fs::write(desk.path(), [whole.as_slice(), garbage].concat()).unwrap();
        assert_eq!(desk.open(0).unwrap().head(), 3);
        assert_eq!(std::fs::read(desk.path()).unwrap(), whole);
    }
}

#[test]
fn a_changed_byte_before_the_last_batch_stops_the_start() {
    let desk = Desk::new();
    let marks = desk.three_batches();
    let whole = std::fs::read(desk.path()).unwrap();
    for place in 0..marks[2] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        std::fs::write(desk.path(), changed).unwrap();
        assert_eq!(damaged(desk.open(0)), "there is a hole before whole batches", "{place}");
    }
}

#[test]
fn batches_taken_out_repeated_or_swapped_stop_the_start() {
    let desk = Desk::new();
    let marks = desk.three_batches();
    let whole = std::fs::read(desk.path()).unwrap();
    let batch = |number: usize| &whole[marks[number]..marks[number + 1]];
    for order in [&[0, 2][..], &[1, 2], &[0, 0, 1, 2], &[0, 2, 1], &[1, 0, 2]] {
        let bytes: Vec<u8> = order.iter().flat_map(|number| batch(*number).to_vec()).collect();
        std::fs::write(desk.path(), bytes).unwrap();
        let reason = damaged(desk.open(0));
        assert_eq!(reason, "a batch does not continue the one before it", "{order:?}");
    }
}

#[test]
fn a_journal_signed_by_another_key_is_not_ours() {
    let (desk, stranger) = (Desk::new(), Desk::new());
    stranger.three_batches();
    std::fs::copy(stranger.path(), desk.path()).unwrap();
    assert_eq!(damaged(desk.open(1)), "it ends before entries that were already copied from it");
}

#[test]
fn a_journal_rolled_back_behind_what_was_copied_stops_the_start() {
    let desk = Desk::new();
    let marks = desk.three_batches();
    let whole = std::fs::read(desk.path()).unwrap();
    std::fs::write(desk.path(), &whole[..marks[2]]).unwrap();
    let reason = "it ends before entries that were already copied from it";
    assert_eq!(damaged(desk.open(3)), reason);
    std::fs::remove_file(desk.path()).unwrap();
    assert_eq!(damaged(desk.open(1)), reason);
}

#[test]
fn when_too_many_entries_wait_to_be_copied_nothing_more_is_opened() {
    let desk = Desk::new();
    let journal = desk.open(0).unwrap();
    journal.append(opening(1)).unwrap();
    journal.shared.head.store(limits::JOURNAL_LAG_ENTRIES_MAX, Ordering::Release);
    let size = std::fs::metadata(desk.path()).unwrap().len();
    assert_eq!(journal.append(opening(2)), Err(BrokerError::JournalBehind));
    assert_eq!(std::fs::metadata(desk.path()).unwrap().len(), size);
    journal.copied(1);
    assert_eq!(journal.append(opening(2)), Ok(2));
}

#[test]
fn copied_positions_only_go_forward_and_never_ahead_of_the_journal() {
    let desk = Desk::new();
    desk.three_batches();
    let journal = desk.open(0).unwrap();
    assert_eq!(journal.lag(), 3);
    let ahead = Err(BrokerError::Refused(Refusal::JournalPosition));
    assert_eq!(journal.check_position(4), ahead);
    journal.copied(2);
    journal.copied(1);
    assert_eq!(journal.lag(), 1);
    assert_eq!(journal.after(1, 10), Err(BrokerError::Refused(Refusal::JournalPosition)));
    assert_eq!(journal.after(2, 10).unwrap().len(), 1);
}

#[test]
fn entries_with_and_without_broken_glass_read_back_side_by_side() {
    let hand = |number| domain::GlassHand {
        user: Uuid::from_u128(number).into(),
        session: Uuid::from_u128(number + 1).into(),
        passkey: Uuid::from_u128(number + 2).into(),
    };
    let note = crate::glass::GlassNote {
        glass: Uuid::from_u128(9).into(),
        asked_by: hand(10),
        approved_by: hand(20),
        reason: "incident 7".to_owned(),
        until: TimeMs(77),
    };
    let desk = Desk::new();
    let journal = desk.open(0).unwrap();
    journal.append(opening(1)).unwrap();
    journal.append(Opening { glass: Some(note.clone()), ..opening(2) }).unwrap();
    journal.append(opening(3)).unwrap();
    drop(journal);
    let read = desk.open(0).unwrap().after(0, 10).unwrap();
    let glass: Vec<_> = read.into_iter().map(|entry| entry.glass).collect();
    assert_eq!(glass, [None, Some(note), None]);
}

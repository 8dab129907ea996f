//! The witness's rule: exchanges that another witness's tests recorded, every status, and logs that
//! lie.
//!
//! Source: FiloSottile/torchwood, `internal/witness/witness_test.go` (requests signed by its log
//! key, and the table of empty trees).

use data_encoding::{BASE64, HEXLOWER};
use ledger::tree::{empty_root, leaf_hash};
use ledger::witness::{AddCheckpoint, PROOF_LINES_MAX, Record, Refusal, TrustedLog, decide};
use ledger::{Frontier, Hash, VerifierKey, tree};
use proptest::prelude::*;

use crate::house::Signer;
use crate::tree_growth::StoredTree;

const SIGSUM: &str = "sigsum.org/v1/tree/\
    4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
const FIRST: (&str, &str, &str) = (
    "old 0\n",
    "1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=",
);
const TO_THREE: (&str, &str, &str) = (
    "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\
     KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n",
    "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=",
);
const TO_FIVE: (&str, &str, &str) = (
    "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\
     +fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\n\
     KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n",
    "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=",
);

fn recorded((head, tree, signature): (&str, &str, &str)) -> String {
    format!("{head}\n{SIGSUM}\n{tree}\n— {SIGSUM} {signature}\n")
}

fn sigsum() -> TrustedLog {
    let public = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";
    let public = HEXLOWER.decode(public.as_bytes()).unwrap().try_into().unwrap();
    let keys = vec![VerifierKey::ed25519(SIGSUM, public).unwrap()];
    TrustedLog { origin: SIGSUM.to_owned(), keys }
}

fn judge(body: &str, log: &TrustedLog, record: Option<Record>) -> Result<Record, Refusal> {
    decide(&AddCheckpoint::parse(body)?, Some(log), record).map(|accepted| accepted.record)
}

fn root(text: &str) -> Hash {
    BASE64.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

#[test]
fn recorded_requests_are_answered_as_recorded() {
    let log = sigsum();
    let one = judge(&recorded(FIRST), &log, None).unwrap();
    assert_eq!(one.size, 1);
    let five = judge(&recorded(TO_FIVE), &log, Some(one)).unwrap();
    assert_eq!(five.size, 5);
    assert_eq!(five.root, root("QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY="));
    assert_eq!(judge(&recorded(TO_THREE), &log, Some(one)).map(|record| record.size), Ok(3));
    // The race of the specification: the shorter one comes after the longer one.
    let late = judge(&recorded(TO_THREE), &log, Some(five));
    assert_eq!(late, Err(Refusal::Conflict { size: 5 }));
}

#[test]
fn more_than_63_lines_of_proof_are_not_a_request() {
    let line = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let (_, tree, signature) = FIRST;
    for (lines, wanted) in [(63, Err(Refusal::Inconsistent)), (64, Err(Refusal::Form))] {
        let head = format!("old 0\n{}", line.repeat(lines));
        assert_eq!(judge(&recorded((&head, tree, signature)), &sigsum(), None), wanted);
    }
    assert_eq!(PROOF_LINES_MAX, 63);
}

/// A log of our own making, whose tree a test may bend.
struct Sender {
    signer: Signer,
    tree: StoredTree,
}

fn leaf(index: u64, branch: u8) -> Hash {
    leaf_hash(&[&index.to_be_bytes()[..], &[branch]].concat())
}

impl Sender {
    /// `size` leaves, of which those from `fork` on are of another branch.
    fn new(size: u64, fork: u64) -> Self {
        let leaves = (0..size).map(|index| leaf(index, u8::from(index >= fork)));
        Self { signer: Signer::new("log.example/a", [1; 32]), tree: StoredTree::grown(leaves) }
    }

    fn log(&self) -> TrustedLog {
        TrustedLog { origin: "log.example/a".to_owned(), keys: vec![self.signer.key.clone()] }
    }

    fn record(&self, size: u64) -> Record {
        Record { size, root: self.tree.root(size) }
    }

    fn note(&self, size: u64) -> String {
        let root = BASE64.encode(&self.tree.root(size));
        self.signer.sign(&format!("log.example/a\n{size}\n{root}\n"))
    }

    fn request(&mut self, old: u64, size: u64) -> String {
        let proof = tree::consistency_proof(&mut self.tree, old.min(size), size).unwrap();
        AddCheckpoint { old, proof, checkpoint: &self.note(size) }.text()
    }
}

#[test]
fn every_continuation_is_accepted_and_nothing_else_of_the_sizes_is() {
    let mut sender = Sender::new(20, 99);
    let log = sender.log();
    for known in 0..=20 {
        let record = Some(sender.record(known)).filter(|record| record.size > 0);
        for old in 0..=20 {
            for size in 0..=20 {
                let body = sender.request(old, size);
                let wanted = match () {
                    () if old > size => Err(Refusal::Form),
                    () if old != known => Err(Refusal::Conflict { size: known }),
                    () => Ok(sender.record(size)),
                };
                assert_eq!(judge(&body, &log, record), wanted, "{known} {old} {size}");
            }
        }
    }
}

#[test]
fn a_fork_is_never_accepted_at_any_size() {
    for fork in 0..8 {
        let (honest, mut forked) = (Sender::new(8, 99), Sender::new(16, fork));
        for known in fork + 1..=8 {
            let record = Some(honest.record(known));
            for size in known..=16 {
                let body = forked.request(known, size);
                let wanted = if size == known {
                    Refusal::Conflict { size: known }
                } else {
                    Refusal::Inconsistent
                };
                assert_eq!(
                    judge(&body, &forked.log(), record),
                    Err(wanted),
                    "{fork} {known} {size}"
                );
            }
        }
    }
}

#[test]
fn each_refusal_has_its_status_and_comes_in_the_order_of_the_format() {
    let mut sender = Sender::new(4, 99);
    let (log, body) = (sender.log(), sender.request(2, 4));
    let request = AddCheckpoint::parse(&body).unwrap();
    let stranger = Signer::new("log.example/a", [9; 32]);
    let unsigned = TrustedLog { keys: vec![stranger.key], ..log.clone() };
    let elsewhere = TrustedLog { origin: "log.example/b".into(), ..log.clone() };
    let known = Some(sender.record(2));
    let status = |log, record| decide(&request, log, record).err().map(Refusal::status);
    assert_eq!(status(Some(&log), known), None);
    assert_eq!(status(None, known), Some(404));
    assert_eq!(status(Some(&elsewhere), known), Some(404));
    assert_eq!(status(Some(&unsigned), known), Some(403));
    assert_eq!(status(Some(&log), None), Some(409));
    assert_eq!(status(Some(&log), Some(Record { size: 2, root: [7; 32] })), Some(422));
    let too_old = body.replacen("old 2", "old 5", 1);
    assert_eq!(judge(&too_old, &log, known).map_err(Refusal::status), Err(400));
    let cut = body.replacen("— log.example/a ", "— log.example/a AAAA", 1);
    assert_eq!(judge(&cut, &log, known).map_err(Refusal::status), Err(403));
}

#[test]
fn empty_trees_are_judged_as_recorded() {
    let signer = Signer::new("example.com/log", [1; 32]);
    let log = TrustedLog { origin: "example.com/log".into(), keys: vec![signer.key.clone()] };
    let one = leaf_hash(b"leaf");
    let request = |old: u64, size: u64, root: Hash, proof: Vec<Hash>| {
        let text = format!("example.com/log\n{size}\n{}\n", BASE64.encode(&root));
        AddCheckpoint { old, proof, checkpoint: &signer.sign(&text) }.text()
    };
    let known = Some(Record { size: 1, root: one });
    for (name, record, body, status) in [
        ("empty tree", None, request(0, 0, empty_root(), vec![]), 200),
        ("invalid empty root", None, request(0, 0, one, vec![]), 422),
        ("zero empty root", None, request(0, 0, [0; 32], vec![]), 422),
        ("empty tree with proof", None, request(0, 0, empty_root(), vec![one]), 422),
        ("first nonempty tree", None, request(0, 1, one, vec![]), 200),
        ("first nonempty tree with proof", None, request(0, 1, one, vec![one]), 422),
        ("old size mismatch", known, request(0, 1, one, vec![one]), 409),
        ("old size greater than new", known, request(1, 0, empty_root(), vec![]), 400),
        ("the same again", known, request(1, 1, one, vec![]), 200),
        ("another root of the same size", known, request(1, 1, [3; 32], vec![]), 409),
    ] {
        let found = judge(&body, &log, record).map_or_else(Refusal::status, |_| 200);
        assert_eq!(found, status, "{name}");
    }
}

#[test]
fn a_request_has_one_form() {
    let mut sender = Sender::new(4, 99);
    let (log, record, body) = (sender.log(), Some(sender.record(2)), sender.request(2, 4));
    for end in 0..body.len() {
        let cut = body.get(..end).unwrap_or_default();
        assert!(judge(cut, &log, record).is_err(), "cut at {end}");
    }
    for bad in [
        body.replacen("old ", "old  ", 1),
        body.replacen("old 2", "old 02", 1),
        body.replacen("old 2", "old +2", 1),
        body.replacen("old 2\n", "old 2\r\n", 1),
        body.replacen("old 2", "new 2", 1),
        format!("\n{body}"),
    ] {
        assert_eq!(judge(&bad, &log, record), Err(Refusal::Form), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_noise_is_accepted(body in any::<String>()) {
        prop_assert!(judge(&body, &sigsum(), None).is_err());
    }

    #[test]
    fn a_changed_byte_is_accepted_only_if_it_changes_nothing_signed(
        place in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut sender = Sender::new(13, 99);
        let (log, record) = (sender.log(), sender.record(5));
        let mut bytes = sender.request(5, 13).into_bytes();
        let place = place.index(bytes.len());
        let before = bytes[place];
        bytes[place] = byte;
        let accepted = judge(&String::from_utf8_lossy(&bytes), &log, Some(record));
        prop_assert_eq!(accepted.is_ok(), byte == before, "{} at {}", byte, place);
    }

    #[test]
    fn what_is_accepted_one_after_another_is_one_log(
        steps in prop::collection::vec((1_u64..30, 0_u64..30), 1..12)
    ) {
        let mut record: Option<Record> = None;
        let mut accepted: Vec<(Record, u64)> = Vec::new();
        for (size, fork) in steps {
            let mut sender = Sender::new(size, fork);
            let log = sender.log();
            let known = record.map_or(0, |record| record.size);
            if known <= size
                && let Ok(next) = judge(&sender.request(known, size), &log, record)
            {
                accepted.push((next, fork));
                record = Some(next);
            }
        }
        // Whatever was accepted last contains everything that was accepted before.
        if let Some((last, fork)) = accepted.last().copied() {
            for (earlier, _) in &accepted {
                let mut frontier = Frontier::new();
                for index in 0..earlier.size {
                    frontier.append(leaf(index, u8::from(index >= fork)), |_, _| {});
                }
                prop_assert_eq!(frontier.root(), earlier.root);
                prop_assert!(earlier.size <= last.size);
            }
        }
    }
}

//! A log that begins at a boundary, and attacks on that.

use domain::limits::SECURITY_LOG_MS;
use domain::{Mint, TimeMs};
use ledger::boundary::BOUNDARY_ACTOR;
use ledger::export::{ExportWriter, ExportedEntry};
use ledger::verify::{Begins, BoundaryFault, Finding, Reason};
use ledger::{
    AuditEvent, Boundary, Checkpoint, EntryActor, EntryContext, Epoch, Evidence, Frontier,
    LogOrigin, Note, PruneStatement, Stream, Verb, Verdict, canonical_entry, verify_export,
};
use proptest::prelude::*;

use crate::house::{AT_MS, Signer, mint, signer, unit};

const DROPPED: u64 = 11;
const KEPT: u64 = 5;

fn origin(stream: Stream) -> LogOrigin {
    LogOrigin::new(uuid::Uuid::from_u128(7).into(), unit(), stream)
}

/// A log whose first entries are dropped, with an entry about it as a test wants it.
struct Cut {
    signer: Signer,
    stream: Stream,
    boundary: Boundary,
    rows: Vec<ExportedEntry>,
    checkpoint: String,
    /// The whole log's frontier when it had `DROPPED` entries, signed.
    at_boundary: String,
    before: String,
}

fn entry(mint: &Mint, actor: EntryActor, event: &AuditEvent, at_ms: i64) -> ledger::CanonicalEntry {
    let origin = domain::Origin { request: mint.id(), ip: None, user_agent: None };
    let context = EntryContext::new(mint.id(), unit(), actor, &origin, TimeMs(at_ms));
    canonical_entry(&context, event, mint)
}

impl Cut {
    fn new(actor: EntryActor, change: impl Fn(&mut PruneStatement)) -> Self {
        Self::of(Stream::Security, DROPPED, actor, change)
    }

    fn honest() -> Self {
        Self::new(EntryActor::System(BOUNDARY_ACTOR), |_| {})
    }

    fn of(
        stream: Stream,
        dropped: u64,
        actor: EntryActor,
        change: impl Fn(&mut PruneStatement),
    ) -> Self {
        let (mint, signer) = (mint(), signer());
        let verb = match stream {
            Stream::Security => Verb::CredentialUsed,
            Stream::Workspace => Verb::WorkspaceUpdated,
        };
        let some = AuditEvent::new(verb, "thing", "1");
        let nobody = || EntryActor::Anonymous;
        let note = |frontier: &Frontier| {
            let (size, root) = (frontier.size(), frontier.root());
            signer.sign(&Checkpoint { origin: origin(stream), size, root }.text())
        };
        let mut frontier = Frontier::new();
        let mut before = String::new();
        for index in 0..dropped {
            if index == dropped / 2 {
                before = note(&frontier);
            }
            let old = entry(&mint, nobody(), &some, AT_MS - SECURITY_LOG_MS - 1);
            frontier.append(old.hash, |_, _| {});
        }
        let (at_boundary, edge) = (note(&frontier), frontier.clone());
        let boundary = Boundary::new(dropped, edge.peaks().to_vec(), Epoch::FIRST).unwrap();
        let mut statement = PruneStatement {
            first_index: dropped,
            from: 0,
            count: dropped,
            root: data_encoding::BASE64.encode(&boundary.root()),
            epoch: boundary.epoch().0,
            newest_at_ms: AT_MS - SECURITY_LOG_MS - 1,
            kept_days: 90,
            export_sha256: String::new(),
        };
        change(&mut statement);
        let mut rows = Vec::new();
        for place in 0..KEPT {
            let made = if place == 2 {
                entry(&mint, actor.clone(), &statement.event(), AT_MS)
            } else {
                entry(&mint, nobody(), &some, AT_MS)
            };
            let index = frontier.size();
            frontier.append(made.hash, |_, _| {});
            // An entry of the other stream's verb cannot be in this log.
            let (leaf, bytes, personal) = (made.hash, made.bytes, made.personal);
            rows.push(ExportedEntry { index, leaf, bytes, personal, erased: Vec::new() });
        }
        let checkpoint = note(&frontier);
        Self { signer, stream, boundary, rows, checkpoint, at_boundary, before }
    }

    fn export(&self) -> Vec<u8> {
        let boundary = Some(&self.boundary);
        let (mut writer, mut file) =
            ExportWriter::begin(&self.checkpoint, Vec::new(), None, boundary).unwrap();
        for row in &self.rows {
            file.push_str(&writer.entry(row).unwrap());
        }
        file.push_str(&writer.end().unwrap());
        file.into_bytes()
    }

    fn verdict(&self, seen: &[&str]) -> Verdict {
        let keys = std::slice::from_ref(&self.signer.key);
        verify_export(&self.export()[..], Evidence { keys, seen, ..Evidence::default() })
    }

    fn finding(&self) -> Finding {
        match self.verdict(&[]) {
            Verdict::Tampered(finding) => finding,
            other => panic!("not tampered: {other}"),
        }
    }
}

#[test]
fn a_log_from_its_boundary_on_is_verified_and_says_where_it_begins() {
    let cut = Cut::honest();
    let Verdict::Verified(found) = cut.verdict(&[]) else { panic!("{}", cut.verdict(&[])) };
    let begins = Begins { first_index: DROPPED, written_at: TimeMs(AT_MS), kept_days: 90 };
    assert_eq!((found.begins, found.size), (Some(begins), DROPPED + KEPT));
    assert_eq!(
        cut.verdict(&[]).to_string(),
        "VERIFIED as of size 16, from index 11 on (older entries were dropped after 90 days at a \
         boundary that the log records), signed by the operator only"
    );
}

#[test]
fn a_checkpoint_at_the_boundary_is_compared_and_one_from_before_is_not_counted_as_compared() {
    let cut = Cut::honest();
    assert!(matches!(cut.verdict(&[&cut.at_boundary]), Verdict::Verified(_)));
    let before = Reason::BeforeBoundary { size: DROPPED / 2, first: DROPPED };
    assert_eq!(cut.verdict(&[&cut.before]), Verdict::CannotEstablish(before));
    let other = Checkpoint { origin: origin(cut.stream), size: DROPPED, root: [7; 32] };
    let forked = cut.signer.sign(&other.text());
    let seen = Finding::SeenCheckpoint { size: DROPPED };
    assert_eq!(cut.verdict(&[&forked]), Verdict::Tampered(seen));
}

#[test]
fn a_restore_that_lies_before_the_boundary_is_remembered_by_it() {
    let mut cut = Cut::new(EntryActor::System(BOUNDARY_ACTOR), |statement| statement.epoch = 1);
    let at = |cut: &Cut, epoch| {
        Boundary::new(DROPPED, cut.boundary.peaks().to_vec(), Epoch(epoch)).unwrap()
    };
    let keys = std::slice::from_ref(&cut.signer.key);
    let text = Note::parse(&cut.checkpoint).unwrap().open(keys).unwrap();
    let mut checkpoint = Checkpoint::parse(text).unwrap();
    checkpoint.origin = checkpoint.origin.in_epoch(Epoch(1));
    cut.checkpoint = cut.signer.sign(&checkpoint.text());
    cut.boundary = at(&cut, 1);
    assert!(matches!(cut.verdict(&[]), Verdict::Verified(_)), "{}", cut.verdict(&[]));
    for wrong in [0, 2] {
        cut.boundary = at(&cut, wrong);
        assert!(matches!(cut.verdict(&[]), Verdict::Tampered(_)), "{}", cut.verdict(&[]));
    }
}

#[test]
fn a_log_that_is_cut_off_without_an_entry_about_it_is_tampering() {
    let unrecorded = Finding::Boundary(BoundaryFault::Unrecorded { first_index: DROPPED });
    let ours = || EntryActor::System(BOUNDARY_ACTOR);
    assert_eq!(Cut::new(ours(), |s| s.first_index -= 1).finding(), unrecorded);
    assert_eq!(Cut::new(ours(), |s| s.count -= 1).finding(), unrecorded);
    assert_eq!(Cut::new(ours(), |s| s.root = "AA==".into()).finding(), unrecorded);
    assert_eq!(Cut::new(EntryActor::Anonymous, |_| {}).finding(), unrecorded);
    assert_eq!(Cut::new(EntryActor::System("sequencer"), |_| {}).finding(), unrecorded);
}

#[test]
fn a_boundary_that_drops_what_is_young_is_tampering() {
    let young = Cut::new(EntryActor::System(BOUNDARY_ACTOR), |statement| {
        statement.newest_at_ms = AT_MS - SECURITY_LOG_MS + 1;
    });
    assert_eq!(young.finding(), Finding::Boundary(BoundaryFault::Young));
}

#[test]
fn a_workspaces_log_with_a_boundary_is_tampering() {
    let cut = Cut::of(Stream::Workspace, DROPPED, EntryActor::System(BOUNDARY_ACTOR), |_| {});
    assert_eq!(cut.finding(), Finding::Boundary(BoundaryFault::Lifelong));
}

#[test]
fn peaks_that_are_not_the_logs_own_lead_to_no_signed_root() {
    let mut cut = Cut::honest();
    for place in 0..cut.boundary.peaks().len() {
        let mut peaks = cut.boundary.peaks().to_vec();
        peaks[place][0] ^= 1;
        cut.boundary = Boundary::new(DROPPED, peaks, Epoch::FIRST).unwrap();
        assert!(matches!(cut.verdict(&[]), Verdict::Tampered(_)), "{}", cut.verdict(&[]));
    }
}

#[test]
fn no_flip_of_any_byte_of_a_cut_log_is_verified() {
    let cut = Cut::honest();
    let file = cut.export();
    for place in 0..file.len() {
        let mut changed = file.clone();
        changed[place] ^= 0x01;
        let keys = std::slice::from_ref(&cut.signer.key);
        let verdict = verify_export(&changed[..], Evidence { keys, ..Evidence::default() });
        assert_ne!(verdict.word(), "VERIFIED", "byte {place}");
    }
}

proptest! {
    #[test]
    fn a_boundary_anywhere_leads_to_the_same_root(dropped in 1_u64..200) {
        let actor = EntryActor::System(BOUNDARY_ACTOR);
        let cut = Cut::of(Stream::Security, dropped, actor, |_| {});
        let found = matches!(cut.verdict(&[&cut.at_boundary]), Verdict::Verified(_));
        prop_assert!(found, "{}", cut.verdict(&[]));
    }

    #[test]
    fn peaks_of_another_number_are_no_boundary(first in 0_u64..10_000, count in 0_usize..70) {
        let boundary = Boundary::new(first, vec![[0; 32]; count], Epoch::FIRST);
        let fits = first > 0 && count == first.count_ones() as usize;
        prop_assert_eq!(boundary.is_some(), fits);
    }
}

//! The offline verifier: an export, a key the reader already trusts, and a verdict.
//!
//! Always true
//! 1. The verdict has three values. VERIFIED needs a signature by a given key over a root that was
//!    computed here from the entries' own bytes; TAMPERED names the place; everything else CANNOT
//!    be ESTABLISHED.
//! 2. The key comes from the caller. Nothing inside the export is taken as a key.
//! 3. Memory does not grow with the export.
//!
//! Never: a network, a clock. Without a policy that asks for witnesses, a verdict says "signed by
//! the operator only": it shows that nothing was changed after signing, not that the operator keeps
//! no second log. With one, VERIFIED also needs the export's proof that a checkpoint of this log is
//! in the log of checkpoints that a quorum of witnesses cosigned.

mod anchor;
mod boundary;
mod verdict;

pub use anchor::{Anchored, PublicCopy};
pub use boundary::Begins;
pub use verdict::{AnchorFault, BoundaryFault, EntryFault, Finding, Reason, Verdict, Verified};

use std::collections::BTreeMap;
use std::io::BufRead;

use data_encoding::HEXLOWER;

use boundary::Edge;

use crate::boundary::Boundary;
use crate::checkpoint::Checkpoint;
use crate::export::{ExportReader, ExportedEntry, Head, Line, ReadError};
use crate::note::{Note, NoteError, VerifierKey};
use crate::origin::LogOrigin;
use crate::policy::Policy;
use crate::read::{EntryFacts, UnreadableEntry};
use crate::receipt::{Receipt, ReceiptError};
use crate::tree::{Frontier, Hash, leaf_hash};

/// What the reader brings along, from outside the export.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// Keys trusted to sign the log: pinned at sign-in or handed over apart from the export.
    pub keys: &'a [VerifierKey],
    /// Signed checkpoints of this log that were kept from earlier: the log must contain each of
    /// them.
    pub seen: &'a [&'a str],
    /// Receipts in their header form: each promised entry must be in the log once it is due.
    pub receipts: &'a [&'a str],
    /// Whose word is needed besides the operator's; `None` when nobody's is.
    pub policy: Option<&'a Policy>,
    /// Proof files of this log that were kept from earlier: the log must contain each checkpoint
    /// they open.
    pub proofs: &'a [&'a str],
    /// A copy of the log of checkpoints, to look for checkpoints of this log that were kept back.
    pub copy: Option<PublicCopy<'a>>,
}

/// Checks a whole export. It stops at the first thing that is wrong.
pub fn verify_export(source: impl BufRead, evidence: Evidence<'_>) -> Verdict {
    match check(source, evidence) {
        Ok(verified) => Verdict::Verified(verified),
        Err(Stop::Tampered(finding)) => Verdict::Tampered(finding),
        Err(Stop::Open(reason)) => Verdict::CannotEstablish(reason),
    }
}

enum Stop {
    Tampered(Finding),
    Open(Reason),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Tampered(finding)
    }
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Open(reason)
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Truncated => Reason::Truncated.into(),
            ReadError::Unreadable => Reason::Unreadable.into(),
            // A first line of another form says that this file is something else.
            ReadError::Form { line: 1 } => Reason::NotAnExport.into(),
            ReadError::Form { line } => Finding::Line { line }.into(),
        }
    }
}

fn check(source: impl BufRead, evidence: Evidence<'_>) -> Result<Verified, Stop> {
    if evidence.keys.is_empty() {
        return Err(Reason::NoKey.into());
    }
    let mut reader = ExportReader::new(source);
    let head = reader.head()?;
    let checkpoint = open_checkpoint(&head.checkpoint, evidence.keys, Finding::Checkpoint)?;
    let mut audit = Audit::begin(checkpoint, &head, evidence)?;
    loop {
        match reader.line()? {
            Line::Entry(entry) => audit.entry(&entry)?,
            Line::End(stated) => return audit.end(stated),
        }
    }
}

fn open_checkpoint(note: &str, keys: &[VerifierKey], finding: Finding) -> Result<Checkpoint, Stop> {
    let text = Note::parse(note).and_then(|note| note.open(keys)).map_err(|error| match error {
        NoteError::UnknownKey => Stop::from(Reason::UnknownKey),
        NoteError::Form | NoteError::Key | NoteError::BadSignature => finding.clone().into(),
    })?;
    Checkpoint::parse(text).map_err(|_| finding.into())
}

/// The state of one check: what was promised, and how far the log was followed.
struct Audit {
    checkpoint: Checkpoint,
    unit: String,
    stream: &'static str,
    frontier: Frontier,
    /// Roots the log must have passed through, by size.
    passages: BTreeMap<u64, Vec<Passage>>,
    /// The largest size at which a signed root matched: damage lies behind it.
    sound_up_to: u64,
    receipts: Vec<Receipt>,
    latest_ms: i64,
    /// Where the log begins, and whether it says so itself.
    edge: Edge,
    /// What is missing for a VERIFIED, should nothing worse turn up.
    lacking: Option<Reason>,
    verified: Verified,
}

/// A signed root of an earlier size.
struct Passage {
    root: Hash,
    source: Source,
}

/// Where a signed root came from.
enum Source {
    /// The export's own head.
    Export,
    /// The reader, who kept it.
    Reader,
    /// The log of checkpoints.
    Published,
}

impl Audit {
    fn begin(checkpoint: Checkpoint, head: &Head, evidence: Evidence<'_>) -> Result<Self, Stop> {
        let (_, unit, stream) = checkpoint.origin.parts().ok_or(Reason::NotAnExport)?;
        let mut passages = open_earlier(&checkpoint, &head.earlier, evidence.keys)?;
        for note in evidence.seen {
            let Checkpoint { size, root, .. } = open_seen(note, &checkpoint, evidence.keys)?;
            passages.entry(size).or_default().push(Passage { root, source: Source::Reader });
        }
        let edge = Edge::of(head.boundary.clone(), stream)?;
        let first = edge.first_index();
        let published = anchor::open(&checkpoint, head.anchor.as_deref(), first, evidence)?;
        for Checkpoint { size, root, .. } in published.passages {
            passages.entry(size).or_default().push(Passage { root, source: Source::Published });
        }
        // What lies before the boundary has nothing left to be compared with.
        let kept = passages.split_off(&first);
        let before = passages.pop_last().map(|(size, _)| Reason::BeforeBoundary { size, first });
        let receipts = open_receipts(&checkpoint.origin, evidence)?;
        let verified = Verified {
            anchored: published.anchored,
            ..Verified::begin(&checkpoint, head.earlier.len() + evidence.seen.len())
        };
        let mut audit = Self {
            checkpoint,
            unit: unit.to_string(),
            stream: stream.as_str(),
            frontier: head.boundary.as_ref().map_or_else(Frontier::new, Boundary::edge),
            passages: kept,
            sound_up_to: first,
            receipts,
            latest_ms: i64::MIN,
            edge,
            lacking: published.lacking.or(before),
            verified,
        };
        audit.pass()?;
        Ok(audit)
    }

    fn entry(&mut self, entry: &ExportedEntry) -> Result<(), Stop> {
        let index = self.frontier.size();
        let fault = |what| Stop::from(Finding::Entry { index, what });
        if entry.index != index || index >= self.checkpoint.size {
            return Err(fault(EntryFault::Position));
        }
        let leaf = leaf_hash(&entry.bytes);
        if leaf != entry.leaf {
            return Err(fault(EntryFault::Content));
        }
        self.facts(index, entry)?;
        self.receipts.retain(|receipt| receipt.hash != leaf);
        self.frontier.append(leaf, |_, _| {});
        self.pass()
    }

    /// The entry belongs to this log, and its personal values are the ones it committed to.
    fn facts(&mut self, index: u64, entry: &ExportedEntry) -> Result<(), Stop> {
        let fault = |what| Stop::from(Finding::Entry { index, what });
        let facts = EntryFacts::read(&entry.bytes).map_err(|error| match error {
            UnreadableEntry::Newer(format) => Reason::NewerEntry { index, format }.into(),
            UnreadableEntry::Form => fault(EntryFault::Form),
        })?;
        if facts.unit != self.unit || facts.stream != self.stream {
            return Err(fault(EntryFault::OtherLog));
        }
        for personal in &entry.personal {
            let commitment = HEXLOWER.encode(&personal.commitment());
            if facts.personal.get(personal.field.as_str()) != Some(&commitment.as_str()) {
                return Err(fault(EntryFault::Personal { field: personal.field.clone() }));
            }
        }
        for field in &entry.erased {
            let known = facts.personal.contains_key(field.as_str());
            if !known || entry.personal.iter().any(|personal| personal.field == *field) {
                return Err(fault(EntryFault::Personal { field: field.clone() }));
            }
        }
        self.edge.entry(facts.verb, &entry.bytes)?;
        self.latest_ms = self.latest_ms.max(facts.at_ms);
        self.verified.personal += entry.personal.len() as u64;
        self.verified.erased += entry.erased.len() as u64;
        let here = entry.personal.len() + entry.erased.len();
        self.verified.withheld += facts.personal.len().saturating_sub(here) as u64;
        Ok(())
    }

    /// Compares the root at the present size with every checkpoint of that size.
    fn pass(&mut self) -> Result<(), Stop> {
        let size = self.frontier.size();
        let Some(promised) = self.passages.remove(&size) else { return Ok(()) };
        let root = self.frontier.root();
        match promised.into_iter().find(|passage| passage.root != root) {
            // Entries since the last good root are suspect; more cannot be said.
            Some(Passage { source: Source::Export, .. }) => {
                Err(Finding::Root { after: self.sound_up_to, size }.into())
            }
            Some(Passage { source: Source::Reader, .. }) => {
                Err(Finding::SeenCheckpoint { size }.into())
            }
            Some(Passage { source: Source::Published, .. }) => {
                Err(Finding::Anchor(AnchorFault::NotContinued { size }).into())
            }
            None => {
                self.sound_up_to = size;
                Ok(())
            }
        }
    }

    fn end(mut self, stated: u64) -> Result<Verified, Stop> {
        let found = self.frontier.size();
        let size = self.checkpoint.size;
        if found != size || stated != size {
            return Err(Finding::Missing { found, size }.into());
        }
        if self.frontier.root() != self.checkpoint.root {
            return Err(Finding::Root { after: self.sound_up_to, size }.into());
        }
        let begins = self.edge.end()?;
        let dropped = |receipt: &Receipt| begins.is_some_and(|edge| edge.may_have_dropped(receipt));
        // Their entries had their time; whether they had them at all is past finding out.
        let (expired, due): (Vec<_>, Vec<_>) = self.receipts.drain(..).partition(dropped);
        // The log's own later entries show that the promised moment has passed.
        let overdue = due.iter().find(|receipt| self.latest_ms > receipt.merge_by.0);
        if let Some(receipt) = overdue {
            return Err(Finding::Receipt { entry: receipt.entry.to_string() }.into());
        }
        if let Some(lacking) = self.lacking {
            return Err(lacking.into());
        }
        let (pending_receipts, expired_receipts) = (due.len(), expired.len());
        Ok(Verified { pending_receipts, expired_receipts, begins, ..self.verified })
    }
}

/// The head's earlier checkpoints: of this log, ascending, and smaller than the last.
fn open_earlier(
    checkpoint: &Checkpoint,
    earlier: &[String],
    keys: &[VerifierKey],
) -> Result<BTreeMap<u64, Vec<Passage>>, Stop> {
    let (mut passages, mut after) = (BTreeMap::new(), None);
    for note in earlier {
        let finding = Finding::EarlierCheckpoint { after };
        let Checkpoint { origin, size, root } = open_checkpoint(note, keys, finding.clone())?;
        let in_order = after.is_none_or(|before| size > before) && size < checkpoint.size;
        if !in_order || origin != checkpoint.origin {
            return Err(finding.into());
        }
        passages.insert(size, vec![Passage { root, source: Source::Export }]);
        after = Some(size);
    }
    Ok(passages)
}

/// A checkpoint the reader kept: of this log, and not of a size it has not reached.
fn open_seen(
    note: &str,
    checkpoint: &Checkpoint,
    keys: &[VerifierKey],
) -> Result<Checkpoint, Stop> {
    let text = Note::parse(note).and_then(|note| note.open(keys));
    let seen = text.ok().and_then(|text| Checkpoint::parse(text).ok());
    let seen = seen.filter(|seen| seen.origin == checkpoint.origin);
    let seen = seen.ok_or(Reason::ForeignEvidence)?;
    if seen.size > checkpoint.size {
        return Err(Finding::SeenCheckpoint { size: seen.size }.into());
    }
    Ok(seen)
}

fn open_receipts(origin: &LogOrigin, evidence: Evidence<'_>) -> Result<Vec<Receipt>, Stop> {
    evidence
        .receipts
        .iter()
        .map(|header| {
            let mut opened = Err(ReceiptError::Form);
            for key in evidence.keys {
                opened = opened.or_else(|_| Receipt::open_header(header, key));
            }
            let receipt = opened.ok().filter(|receipt| receipt.origin == *origin);
            receipt.ok_or(Reason::ForeignEvidence.into())
        })
        .collect()
}

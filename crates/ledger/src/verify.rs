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
pub use verdict::{
    AnchorFault, BoundaryFault, EntryFault, Finding, Reason, Restored, Verdict, Verified,
};

use std::collections::BTreeMap;
use std::io::BufRead;

use data_encoding::HEXLOWER;

use boundary::Edge;

use crate::boundary::Boundary;
use crate::checkpoint::Checkpoint;
use crate::export::{ExportReader, ExportedEntry, Head, Line, ReadError};
use crate::note::{Note, NoteError, VerifierKey};
use crate::origin::{Epoch, LogOrigin};
use crate::policy::Policy;
use crate::read::{EntryFacts, EpochFacts, UnreadableEntry};
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
    /// The epoch of a checkpoint of the present size.
    epoch: Epoch,
    /// Each restore: the time of the latest entry before it, and its own.
    restored: Vec<(i64, i64)>,
    /// Where the log begins, and whether it says so itself.
    edge: Edge,
    /// What is missing for a VERIFIED, should nothing worse turn up.
    lacking: Option<Reason>,
    verified: Verified,
}

/// A signed root of an earlier size.
struct Passage {
    root: Hash,
    epoch: Epoch,
    source: Source,
}

impl Passage {
    fn new(checkpoint: &Checkpoint, source: Source) -> Self {
        Self { root: checkpoint.root, epoch: checkpoint.origin.epoch(), source }
    }
}

/// Where a signed root came from.
#[derive(Clone, Copy, PartialEq, Eq)]
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
            let seen = open_seen(note, &checkpoint, evidence.keys)?;
            passages.entry(seen.size).or_default().push(Passage::new(&seen, Source::Reader));
        }
        let edge = Edge::of(head.boundary.clone(), stream)?;
        let first = edge.first_index();
        let published = anchor::open(&checkpoint, head.anchor.as_deref(), first, evidence)?;
        for passed in &published.passages {
            passages.entry(passed.size).or_default().push(Passage::new(passed, Source::Published));
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
            epoch: edge.epoch(),
            restored: Vec::new(),
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
        let opened = facts.opened_epoch().map_err(|_| fault(EntryFault::Form))?;
        if let Some(EpochFacts { epoch, size }) = opened {
            // It is the first leaf after the log that was restored, and says so itself.
            if epoch <= self.epoch.0 || size != index {
                return Err(fault(EntryFault::Epoch));
            }
            self.epoch = Epoch(epoch);
            self.restored.push((self.latest_ms, facts.at_ms));
            self.verified.restores.push(Restored { epoch: self.epoch, size });
        }
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
        let (root, epoch) = (self.frontier.root(), self.epoch);
        // An earlier epoch's checkpoint of this size is of the branch that a restore left behind.
        let (left, promised): (Vec<Passage>, Vec<Passage>) = promised
            .into_iter()
            .partition(|passage| passage.epoch < epoch && passage.source != Source::Export);
        self.verified.lost += left.len();
        let differs = |passage: &Passage| passage.root != root || passage.epoch != epoch;
        match promised.into_iter().find(differs) {
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
        let epoch = self.checkpoint.origin.epoch();
        if epoch != self.epoch {
            return Err(Finding::Epoch { epoch: epoch.0 }.into());
        }
        let begins = self.edge.end()?;
        let dropped = |receipt: &Receipt| begins.is_some_and(|edge| edge.may_have_dropped(receipt));
        // Their entries had their time; whether they had them at all is past finding out.
        let (expired, due): (Vec<_>, Vec<_>) = self.receipts.drain(..).partition(dropped);
        // What is left is longer than this log: of epochs before a restore, or refused before.
        let mut lost = self.passages.values().map(Vec::len).sum::<usize>();
        let mut pending_receipts = 0;
        for receipt in &due {
            match self.fate(receipt) {
                Fate::Pending => pending_receipts += 1,
                Fate::Lost => lost += 1,
                Fate::Broken => {
                    return Err(Finding::Receipt { entry: receipt.entry.to_string() }.into());
                }
            }
        }
        if let Some(lacking) = self.lacking {
            return Err(lacking.into());
        }
        let (lost, expired_receipts) = (self.verified.lost + lost, expired.len());
        Ok(Verified { pending_receipts, expired_receipts, begins, lost, ..self.verified })
    }

    /// What became of a promised entry that is not in the log.
    fn fate(&self, receipt: &Receipt) -> Fate {
        let after = self.restored.iter().find(|(_, restored_ms)| receipt.at.0 <= *restored_ms);
        // The log's own later entries show that the promised moment has passed.
        match after {
            Some((latest_ms, _)) if *latest_ms > receipt.merge_by.0 => Fate::Broken,
            Some(_) => Fate::Lost,
            None if self.latest_ms > receipt.merge_by.0 => Fate::Broken,
            None => Fate::Pending,
        }
    }
}

/// What became of a promised entry that is not in the log.
enum Fate {
    /// Its moment has not come.
    Pending,
    /// A restore lost it before its moment came.
    Lost,
    /// Its moment passed without it.
    Broken,
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
        let opened = open_checkpoint(note, keys, finding.clone())?;
        let (origin, size) = (&opened.origin, opened.size);
        let in_order = after.is_none_or(|before| size > before) && size < checkpoint.size;
        if !in_order || !origin.same_log(&checkpoint.origin) {
            return Err(finding.into());
        }
        passages.insert(size, vec![Passage::new(&opened, Source::Export)]);
        after = Some(size);
    }
    Ok(passages)
}

/// A checkpoint the reader kept: of this log, and not of a size that its epoch has not reached.
fn open_seen(
    note: &str,
    checkpoint: &Checkpoint,
    keys: &[VerifierKey],
) -> Result<Checkpoint, Stop> {
    let text = Note::parse(note).and_then(|note| note.open(keys));
    let seen = text.ok().and_then(|text| Checkpoint::parse(text).ok());
    let seen = seen.filter(|seen| seen.origin.same_log(&checkpoint.origin));
    let seen = seen.ok_or(Reason::ForeignEvidence)?;
    if is_beyond(&seen, checkpoint) {
        return Err(Finding::SeenCheckpoint { size: seen.size }.into());
    }
    Ok(seen)
}

/// Whether the log should contain a checkpoint and is too short for it. One of an earlier epoch may
/// be longer: whether a restore explains that, the log itself has to say.
fn is_beyond(passed: &Checkpoint, checkpoint: &Checkpoint) -> bool {
    let (passed_in, epoch) = (passed.origin.epoch(), checkpoint.origin.epoch());
    passed_in > epoch || (passed_in == epoch && passed.size > checkpoint.size)
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
            let receipt = opened.ok().filter(|receipt| receipt.origin.same_log(origin));
            receipt.ok_or(Reason::ForeignEvidence.into())
        })
        .collect()
}

//! The three values of a verdict, in words a person can act on.

use std::fmt;

use super::anchor::Anchored;
use super::boundary::Begins;
use crate::checkpoint::Checkpoint;
use crate::origin::{Epoch, LogOrigin};
use crate::tree::Hash;

/// What the verifier found out.
#[expect(clippy::large_enum_variant, reason = "there is one for a whole export")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry is the one that was signed for, and none is missing.
    Verified(Verified),
    /// Something differs from what was signed, at this place.
    Tampered(Finding),
    /// Neither can be said, for this reason.
    CannotEstablish(Reason),
}

impl Verdict {
    /// The word that scripts look for.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Verified(_) => "VERIFIED",
            Self::Tampered(_) => "TAMPERED",
            Self::CannotEstablish(_) => "CANNOT ESTABLISH",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self {
            Self::Verified(verified) => {
                write!(f, "{word} as of size {}, ", verified.size)?;
                if let Some(begins) = verified.begins {
                    let Begins { first_index, kept_days, .. } = begins;
                    write!(f, "from index {first_index} on (older entries were dropped after ")?;
                    write!(f, "{kept_days} days at a boundary that the log records), ")?;
                }
                f.write_str(&verified.vouched())?;
                verified.explain(f)
            }
            Self::Tampered(finding) => write!(f, "{word}: {finding}"),
            Self::CannotEstablish(reason) => write!(f, "{word}: {reason}"),
        }
    }
}

/// What stands behind the word VERIFIED.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which log.
    pub origin: LogOrigin,
    /// How many entries it has, each of them checked from where it begins.
    pub size: u64,
    /// Where it begins, when older entries were dropped at a boundary that it records.
    pub begins: Option<Begins>,
    /// The root that was computed and found signed.
    pub root: Hash,
    /// How many other signed checkpoints the log passed through.
    pub checkpoints: usize,
    /// Personal values that are those the entries committed to.
    pub personal: u64,
    /// Personal values the entries committed to that were erased, for the person they were about.
    pub erased: u64,
    /// Personal values the entries committed to that are neither here nor said to be erased.
    pub withheld: u64,
    /// Receipts whose entries are not in the log yet and, as far as the log shows, not due yet.
    pub pending_receipts: usize,
    /// Receipts whose entries are not in the log and are old enough to have been dropped at its
    /// boundary.
    pub expired_receipts: usize,
    /// The published checkpoint that the log continues, and who cosigned it; `None` when the export
    /// carries no proof of one.
    pub anchored: Option<Anchored>,
    /// The restores in the log's life, oldest first.
    pub restores: Vec<Restored>,
    /// Checkpoints and receipts, of those brought along or published, that speak about what a
    /// restore lost.
    pub lost: usize,
}

/// A restore that the log itself tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// The epoch that it began.
    pub epoch: Epoch,
    /// How many entries the restored log had.
    pub size: u64,
}

impl Verified {
    /// Who stands behind it, in words.
    fn vouched(&self) -> String {
        let by_the_operator = "signed by the operator only";
        let Some(anchored) = self.anchored.filter(|anchored| anchored.cosigned > 0) else {
            return by_the_operator.to_owned();
        };
        let Anchored { size, cosigned, witnesses, .. } = anchored;
        if size == self.size {
            return format!("cosigned by {cosigned} of {witnesses} witnesses");
        }
        format!(
            "up to size {size} cosigned by {cosigned} of {witnesses} witnesses, after it \
             {by_the_operator}"
        )
    }

    /// What was lost, and that the log itself says so.
    fn explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Restored { size, .. } in &self.restores {
            write!(f, "; restored from a backup at size {size}, and what followed it is lost")?;
        }
        match self.lost {
            0 => Ok(()),
            lost => write!(f, "; {lost} given or published checkpoints or receipts are of that"),
        }
    }

    pub(super) fn begin(checkpoint: &Checkpoint, checkpoints: usize) -> Self {
        Self {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            begins: None,
            root: checkpoint.root,
            checkpoints,
            personal: 0,
            erased: 0,
            withheld: 0,
            pending_receipts: 0,
            expired_receipts: 0,
            anchored: None,
            restores: Vec::new(),
            lost: 0,
        }
    }
}

/// Where the log or the export was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The checkpoint in the head.
    #[error("the checkpoint's signature does not hold")]
    Checkpoint,
    /// An earlier checkpoint in the head: its signature, its order or its log.
    #[error("{}", earlier_text(*after))]
    EarlierCheckpoint {
        /// The size of the last good one before it; `None` for the first.
        after: Option<u64>,
    },
    /// A line that no export has at this place.
    #[error("line {line} was changed: it is not in the form of an export")]
    Line {
        /// Counted from 1.
        line: u64,
    },
    /// One entry.
    #[error("entry {index} {what}")]
    Entry {
        /// The index it should have.
        index: u64,
        /// What is wrong with it.
        what: EntryFault,
    },
    /// The entries do not add up to the signed root.
    #[error("the entries from index {after} on do not add up to the signed root of size {size}")]
    Root {
        /// Up to this size a signed root matched.
        after: u64,
        /// The size whose signed root does not match.
        size: u64,
    },
    /// Entries were left out at the end.
    #[error("the log has {size} entries, of which {found} are here")]
    Missing {
        /// How many the export holds.
        found: u64,
        /// How many the checkpoint names.
        size: u64,
    },
    /// The log is not a continuation of a checkpoint the reader kept.
    #[error("the log does not continue the checkpoint of size {size} that was seen before")]
    SeenCheckpoint {
        /// The size that was seen.
        size: u64,
    },
    /// An entry for which a receipt was given is not in the log, and its time is over.
    #[error("entry {entry} was promised by a receipt and is not in the log")]
    Receipt {
        /// The entry's id.
        entry: String,
    },
    /// The log does not begin where it may.
    #[error("{0}")]
    Boundary(BoundaryFault),
    /// The log and what was published of it do not belong together.
    #[error("{0}")]
    Anchor(AnchorFault),
    /// The checkpoint is of an epoch that no entry of the log opens.
    #[error("the checkpoint is of epoch {epoch}, and no entry tells of the restore that began it")]
    Epoch {
        /// The checkpoint's epoch.
        epoch: u64,
    },
}

/// What is wrong with the place where a log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BoundaryFault {
    /// Entries were cut off, and no entry of the log says that they were dropped.
    #[error("the entries before index {first_index} are cut off, and no entry records a boundary")]
    Unrecorded {
        /// The first index that is here.
        first_index: u64,
    },
    /// The boundary's own entry says that something younger than 90 days was dropped.
    #[error("entries were dropped before their time was over")]
    Young,
    /// A workspace's log lives as long as the workspace.
    #[error("it is a workspace's log, of which nothing is ever dropped")]
    Lifelong,
}

/// What is wrong between a log and the log of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnchorFault {
    /// The proof in the export or beside it.
    #[error("the proof that this log was published is not one")]
    Proof,
    /// A signature on the log of checkpoints.
    #[error("a signature on the log of checkpoints does not hold")]
    Signature,
    /// The log was rewritten, cut back or forked after it was published.
    #[error("the log does not continue the checkpoint of size {size} that was published")]
    NotContinued {
        /// The size that was published.
        size: u64,
    },
    /// The log changed its name in the log of checkpoints.
    #[error("the log goes by another name in the log of checkpoints than it did before")]
    Renamed,
    /// A checkpoint was published for this log that its readers were not shown.
    #[error("leaf {leaf} of the log of checkpoints is about this log, and nothing here opens it")]
    KeptBack {
        /// Its index.
        leaf: u64,
    },
    /// The copy of the log of checkpoints is not the one that was signed.
    #[error("the copy of the log of checkpoints does not add up to its signed root")]
    Copy,
}

fn earlier_text(after: Option<u64>) -> String {
    after.map_or_else(
        || "the first earlier checkpoint does not hold".to_owned(),
        |size| format!("the earlier checkpoint that follows size {size} does not hold"),
    )
}

/// What is wrong with one entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// It stands where another index belongs.
    #[error("is missing, doubled or out of order")]
    Position,
    /// Its bytes do not have the hash the log recorded.
    #[error("was rewritten: its bytes do not have the recorded hash")]
    Content,
    /// Its bytes are not an entry.
    #[error("is not an entry")]
    Form,
    /// It opens an epoch that does not follow the one before, or at another place than it says.
    #[error("opens an epoch that does not follow")]
    Epoch,
    /// It names another unit or stream.
    #[error("belongs to another log")]
    OtherLog,
    /// A personal value beside it is not the one it committed to.
    #[error("has another {field} than it committed to")]
    Personal {
        /// Which value.
        field: String,
    },
}

/// Why neither VERIFIED nor TAMPERED can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No key was given.
    #[error("no key was given, and a key inside the export would prove nothing")]
    NoKey,
    /// None of the given keys signed the checkpoint.
    #[error("the checkpoint is not signed by a key that was given")]
    UnknownKey,
    /// The file is something else.
    #[error("this is not an audit export that this program reads")]
    NotAnExport,
    /// The file stops before its end.
    #[error("the file ends early; get the export again")]
    Truncated,
    /// The device failed.
    #[error("the file cannot be read to its end")]
    Unreadable,
    /// An entry was written by a later release.
    #[error("entry {index} has format {format}; a newer program is needed to read it")]
    NewerEntry {
        /// Its index.
        index: u64,
        /// Its format.
        format: u64,
    },
    /// A checkpoint or receipt that was brought along is of another log or another key.
    #[error("a checkpoint or receipt given as evidence is not one of this log and key")]
    ForeignEvidence,
    /// Something kept from earlier is about entries that were dropped.
    #[error(
        "what was kept of size {size} cannot be compared: entries before {first} are dropped, at a \
         boundary; an export from before then can be"
    )]
    BeforeBoundary {
        /// The size that was kept.
        size: u64,
        /// The first index that is here.
        first: u64,
    },
    /// The policy asks for witnesses, and nothing leads to them.
    #[error("witnesses are asked for, and the export carries no proof that its log was published")]
    NotPublished,
    /// The log of checkpoints is signed by somebody else.
    #[error("the log of checkpoints is not signed by a key that was given")]
    UnknownLogKey,
    /// Fewer witnesses than the policy wants.
    #[error("cosigned by {cosigned} of {witnesses} witnesses, which is not the policy's quorum")]
    NoQuorum {
        /// Witnesses that cosigned.
        cosigned: usize,
        /// Witnesses in the policy.
        witnesses: usize,
    },
    /// The copy ends before the checkpoint it is held against.
    #[error("the copy of the log of checkpoints ends early; get it again")]
    ShortCopy,
}

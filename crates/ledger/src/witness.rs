//! What a witness does with a checkpoint: the whole rule, without a clock, a key or a disk.
//!
//! Always true
//! 1. A checkpoint is accepted only as the continuation of the newest one this witness accepted
//!    for that log: the consistency proof is checked against the witness's own record, never
//!    against anything the request says.
//! 2. Every request gets one answer, decided in the order of the format: form, log, signature,
//!    sizes, record, proof.
//! 3. An [`Accepted`] is signed only after its [`Record`] is durable; the rule gives both at once
//!    so that a caller cannot have one without the other.
//!
//! Source: C2SP tlog-witness, `add-checkpoint`.

use data_encoding::BASE64;

use crate::checkpoint::{TreeHead, decimal, hash_from_base64};
use crate::note::{NOTE_BYTES_MAX, Note, NoteError, VerifierKey};
use crate::tree::{Hash, empty_root, verify_consistency};

/// Most lines of a consistency proof.
pub const PROOF_LINES_MAX: usize = 63;
/// Most bytes of a request: the largest note and the longest proof fit.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 4 * 1024;
/// The media type of an answer that names the witness's size.
pub const SIZE_MEDIA: &str = "text/x.tlog.size";

/// A log that a witness watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedLog {
    /// The first line of its checkpoints.
    pub origin: String,
    /// Keys that sign them; any one is enough.
    pub keys: Vec<VerifierKey>,
}

/// The newest checkpoint of a log that a witness accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// The body of `add-checkpoint`, read and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint<'a> {
    /// The size the sender believes the witness to be at.
    pub old: u64,
    /// From there to the checkpoint.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: &'a str,
}

/// Why a checkpoint was not accepted. Each is one status of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400
    #[error("the request is not in the form of the protocol")]
    Form,
    /// 404
    #[error("the log is not one that this witness watches")]
    UnknownLog,
    /// 403
    #[error("no key of this log signed the checkpoint")]
    Signature,
    /// 409
    #[error("the newest checkpoint this witness accepted is another one, of size {size}")]
    Conflict {
        /// The witness's size.
        size: u64,
    },
    /// 422
    #[error("the log does not continue what this witness accepted")]
    Inconsistent,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Form => 400,
            Self::UnknownLog => 404,
            Self::Signature => 403,
            Self::Conflict { .. } => 409,
            Self::Inconsistent => 422,
        }
    }
}

/// A checkpoint that continues the record. To be made durable, then cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// Which log.
    pub origin: &'a str,
    /// What the witness knows from now on.
    pub record: Record,
    /// The text to cosign, extension lines included.
    pub text: &'a str,
}

impl<'a> AddCheckpoint<'a> {
    /// The body of a request.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            text.push_str(&BASE64.encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(self.checkpoint);
        text
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Refusal::Form`], also beyond [`PROOF_LINES_MAX`] and [`REQUEST_BYTES_MAX`].
    pub fn parse(body: &'a str) -> Result<Self, Refusal> {
        let read = || {
            let (head, checkpoint) = body.split_once("\n\n")?;
            let mut lines = head.split('\n');
            let old = decimal(lines.next()?.strip_prefix("old ")?)?;
            let proof: Option<Vec<Hash>> =
                lines.take(PROOF_LINES_MAX + 1).map(hash_from_base64).collect();
            Some(Self { old, proof: proof?, checkpoint })
        };
        let fits = body.len() <= REQUEST_BYTES_MAX;
        let request = read().filter(|request| fits && request.proof.len() <= PROOF_LINES_MAX);
        request.ok_or(Refusal::Form)
    }

    /// The log the request says it is about: whose record to look up.
    ///
    /// # Errors
    /// [`Refusal::Form`].
    pub fn claimed_origin(&self) -> Result<&'a str, Refusal> {
        let note = Note::parse(self.checkpoint).map_err(|_| Refusal::Form)?;
        TreeHead::parse(note.claimed()).map(|head| head.origin).map_err(|_| Refusal::Form)
    }
}

/// Judges a request for `log` against the witness's record of it; `None` when it has none yet.
///
/// # Errors
/// [`Refusal`]. [`Refusal::UnknownLog`] when the checkpoint is of another log than `log`, or `log`
/// is `None`.
pub fn decide<'a>(
    request: &AddCheckpoint<'a>,
    log: Option<&TrustedLog>,
    record: Option<Record>,
) -> Result<Accepted<'a>, Refusal> {
    let note = Note::parse(request.checkpoint).map_err(|_| Refusal::Form)?;
    let claimed = TreeHead::parse(note.claimed()).map_err(|_| Refusal::Form)?;
    let log = log.filter(|log| log.origin == claimed.origin).ok_or(Refusal::UnknownLog)?;
    let text = note.open(&log.keys).map_err(|error| match error {
        NoteError::Form | NoteError::Key => Refusal::Form,
        NoteError::UnknownKey | NoteError::BadSignature => Refusal::Signature,
    })?;
    let TreeHead { origin, size, root } = claimed;
    if request.old > size {
        return Err(Refusal::Form);
    }
    let known = record.map_or(0, |record| record.size);
    if request.old != known {
        return Err(Refusal::Conflict { size: known });
    }
    if record.is_some_and(|record| record.size == size && record.root != root) {
        return Err(Refusal::Conflict { size: known });
    }
    // Without a record, an empty log still has one root only.
    let before = record.map_or_else(empty_root, |record| record.root);
    if !verify_consistency(known, size, &before, &root, &request.proof) {
        return Err(Refusal::Inconsistent);
    }
    Ok(Accepted { origin, record: Record { size, root }, text })
}

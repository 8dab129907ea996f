//! The leaves of the platform's log of checkpoints, and what a log's own readers need to see
//! through one.
//!
//! Always true
//! 1. A leaf shows a pseudonym and a hash. Without the opening it tells neither whose log it is nor
//!    how long that log has become.
//! 2. A log keeps its pseudonym, so that whoever has its openings can go over all leaves and find
//!    every checkpoint that was ever published for it.
//! 3. The hash is taken over a nonce of 32 random bytes and the checkpoint's own text, under a
//!    label that no other hash of this house begins with.
//!
//! Choice: docs/decisions/0018-log-of-checkpoints.md.

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::{BASE64, HEXLOWER};

use crate::checkpoint::{Checkpoint, hash_from_base64};
use crate::tree::{Hash, leaf_hash};

const LEAF_LABEL: &str = "casemate.blinded-checkpoint.v1";
const OPENING_LABEL: &str = "casemate.opening.v1";

/// A log's fixed random name in the log of checkpoints.
pub type Pseudonym = [u8; 16];

/// One leaf: a checkpoint that was published without being shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlindedCheckpoint {
    /// Whose, under the name that only its readers know.
    pub pseudonym: Pseudonym,
    /// [`Opening::commitment`].
    pub commitment: Hash,
}

/// What makes a leaf readable: for the log's own readers only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The log's name in the log of checkpoints.
    pub pseudonym: Pseudonym,
    /// Random, and secret from everybody but the log's readers.
    pub nonce: [u8; 32],
    /// The checkpoint that was published.
    pub checkpoint: Checkpoint,
}

/// A text that is not a leaf or an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not in the form of the log of checkpoints")]
pub struct NotBlinded;

impl BlindedCheckpoint {
    /// The entry's bytes: three lines.
    #[must_use]
    pub fn text(&self) -> String {
        let (pseudonym, commitment) =
            (HEXLOWER.encode(&self.pseudonym), BASE64.encode(&self.commitment));
        format!("{LEAF_LABEL}\n{pseudonym}\n{commitment}\n")
    }

    /// Its hash as a leaf.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        leaf_hash(self.text().as_bytes())
    }

    /// Reads an entry's bytes.
    ///
    /// # Errors
    /// [`NotBlinded`] for anything [`Self::text`] would not write.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotBlinded> {
        let read = || {
            let mut lines = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.split('\n');
            let label = lines.next()?;
            let pseudonym = pseudonym_from_hex(lines.next()?)?;
            let commitment = hash_from_base64(lines.next()?)?;
            let whole = label == LEAF_LABEL && lines.next().is_none();
            whole.then_some(Self { pseudonym, commitment })
        };
        read().ok_or(NotBlinded)
    }
}

impl Opening {
    /// What the leaf shows of the checkpoint: SHA-256(label, nonce, checkpoint text).
    #[must_use]
    pub fn commitment(&self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(LEAF_LABEL.as_bytes());
        context.update(b"\n");
        context.update(&self.nonce);
        context.update(self.checkpoint.text().as_bytes());
        crate::entry::hash_of(&context.finish())
    }

    /// The leaf that this opens.
    #[must_use]
    pub fn blinded(&self) -> BlindedCheckpoint {
        BlindedCheckpoint { pseudonym: self.pseudonym, commitment: self.commitment() }
    }

    /// The text form: label, pseudonym, nonce, then the checkpoint's three lines.
    #[must_use]
    pub fn text(&self) -> String {
        let (pseudonym, nonce) = (HEXLOWER.encode(&self.pseudonym), BASE64.encode(&self.nonce));
        format!("{OPENING_LABEL}\n{pseudonym}\n{nonce}\n{}", self.checkpoint.text())
    }

    /// Reads an opening.
    ///
    /// # Errors
    /// [`NotBlinded`] for anything [`Self::text`] would not write.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotBlinded> {
        let read = || {
            let mut lines = std::str::from_utf8(bytes).ok()?.splitn(4, '\n');
            let label = lines.next()?;
            let pseudonym = pseudonym_from_hex(lines.next()?)?;
            let nonce = hash_from_base64(lines.next()?)?;
            let text = lines.next()?;
            let checkpoint = Checkpoint::parse(text).ok()?;
            // Extension lines are for notes; an opening has none.
            let whole = label == OPENING_LABEL && checkpoint.text() == text;
            whole.then_some(Self { pseudonym, nonce, checkpoint })
        };
        read().ok_or(NotBlinded)
    }
}

/// A pseudonym in its one hexadecimal form.
#[must_use]
pub fn pseudonym_from_hex(text: &str) -> Option<Pseudonym> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// The hexadecimal form of a pseudonym.
#[must_use]
pub fn pseudonym_hex(pseudonym: &Pseudonym) -> String {
    HEXLOWER.encode(pseudonym)
}

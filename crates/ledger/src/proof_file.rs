//! Proof files: one entry's place in a log, with the checkpoint that covers it, to be checked
//! offline.
//!
//! Always true: one proof has one text; base64 and numbers are read in their one form.
//!
//! Source: C2SP tlog-proof v1. What the extra data means is [`crate::blinded`]'s.

use data_encoding::BASE64;

use crate::checkpoint::{TreeHead, decimal, hash_from_base64};
use crate::note::{NOTE_BYTES_MAX, Note};
use crate::tree::Hash;

const LABEL: &str = "c2sp.org/tlog-proof@v1";
/// Most bytes of extra data.
pub const EXTRA_BYTES_MAX: usize = 4 * 1024;
/// Most hashes of an inclusion proof: one for each bit of an index.
pub const PATH_HASHES_MAX: usize = 63;
/// Most bytes of a proof: the largest checkpoint, extra data and path.
pub const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 16 * 1024;

/// A proof that was read but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// Opaque, and not authenticated by itself.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// A text that is not a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a proof of logging")]
pub struct NotAProof;

impl ProofFile {
    /// The text form.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{LABEL}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", BASE64.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&format!("{}\n", BASE64.encode(hash)));
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// [`NotAProof`] for anything [`Self::text`] would not write, and for anything over the limits.
    pub fn parse(text: &str) -> Result<Self, NotAProof> {
        let proof = Self::read(text).ok_or(NotAProof)?;
        if proof.text() == text { Ok(proof) } else { Err(NotAProof) }
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > PROOF_BYTES_MAX {
            return None;
        }
        let (head, checkpoint) = text.split_once("\n\n")?;
        TreeHead::parse(Note::parse(checkpoint).ok()?.claimed()).ok()?;
        let mut lines = head.split('\n').peekable();
        if lines.next()? != LABEL {
            return None;
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = match extra.and_then(|line| line.strip_prefix("extra ")) {
            Some(encoded) => Some(BASE64.decode(encoded.as_bytes()).ok()?),
            None => None,
        };
        if extra.as_ref().is_some_and(|extra| extra.len() > EXTRA_BYTES_MAX) {
            return None;
        }
        let index = decimal(lines.next()?.strip_prefix("index ")?)?;
        let path: Option<Vec<Hash>> =
            lines.take(PATH_HASHES_MAX + 1).map(hash_from_base64).collect();
        let path = path.filter(|path| path.len() <= PATH_HASHES_MAX)?;
        Some(Self { extra, index, path, checkpoint: checkpoint.to_owned() })
    }
}

//! Receipts: the platform's signed word that an entry will be in the log within the merge delay.
//!
//! Always true
//! 1. A receipt names log, entry and hash; whoever holds one can prove that the entry was left out.
//! 2. Its text can never be read as a checkpoint: its second line is not a number. One key signs
//!    both.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use domain::limits::MERGE_DELAY_MS_MAX;
use domain::{EntryId, TimeMs};

use crate::checkpoint::hash_from_base64;
use crate::note::{Note, NoteError, VerifierKey};
use crate::origin::LogOrigin;
use crate::tree::Hash;

const LABEL: &str = "casemate.receipt.v1";

/// What is promised about one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which log.
    pub origin: LogOrigin,
    /// Which entry.
    pub entry: EntryId,
    /// The entry's leaf hash.
    pub hash: Hash,
    /// When it was committed.
    pub at: TimeMs,
    /// The moment from which a checkpoint without it convicts the platform.
    pub merge_by: TimeMs,
}

/// Why a receipt was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The signature did not hold.
    #[error("the receipt's signature does not hold")]
    Signature(#[from] NoteError),
    /// The text is not a receipt.
    #[error("it is not a receipt")]
    Form,
}

impl Receipt {
    /// The receipt of an entry committed at `at`, with the published merge delay.
    #[must_use]
    pub const fn new(origin: LogOrigin, entry: EntryId, hash: Hash, at: TimeMs) -> Self {
        Self { origin, entry, hash, at, merge_by: at.plus_ms(MERGE_DELAY_MS_MAX) }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { origin, entry, hash, at, merge_by } = self;
        let hash = BASE64.encode(hash);
        format!("{LABEL}\n{origin}\n{entry}\n{hash}\n{}\n{}\n", at.0, merge_by.0)
    }

    /// Reads a note's text.
    ///
    /// # Errors
    /// [`ReceiptError::Form`] when it is not exactly a text that [`Self::text`] writes.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let receipt = Self::read(text).ok_or(ReceiptError::Form)?;
        if receipt.text() == text { Ok(receipt) } else { Err(ReceiptError::Form) }
    }

    /// Reads and verifies the form a response header carries.
    ///
    /// # Errors
    /// [`ReceiptError::Form`] for anything that is not a receipt in base64url;
    /// [`ReceiptError::Signature`] when `key` did not sign it.
    pub fn open_header(header: &str, key: &VerifierKey) -> Result<Self, ReceiptError> {
        let note = BASE64URL_NOPAD.decode(header.as_bytes()).map_err(|_| ReceiptError::Form)?;
        let note = std::str::from_utf8(&note).map_err(|_| ReceiptError::Form)?;
        Self::parse(Note::parse(note)?.open(std::slice::from_ref(key))?)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        if lines.next()? != LABEL {
            return None;
        }
        Some(Self {
            origin: LogOrigin::parse(lines.next()?).ok()?,
            entry: lines.next()?.parse().ok()?,
            hash: hash_from_base64(lines.next()?)?,
            at: TimeMs(lines.next()?.parse().ok()?),
            merge_by: TimeMs(lines.next()?.parse().ok()?),
        })
    }
}

/// The form a response header carries: base64url of the signed note.
#[must_use]
pub fn header_form(signed_note: &str) -> String {
    BASE64URL_NOPAD.encode(signed_note.as_bytes())
}

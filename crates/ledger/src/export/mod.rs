//! The export: one log in one file, with everything an outsider needs to check it but the key.
//!
//! Always true
//! 1. Newline-delimited JSON in exactly one form: head line, one line per entry from index 0 or the
//!    boundary on, end line.
//! 2. Every byte of it is bound to the checkpoint's signature or to the form; nothing in it is
//!    decoration. (In the anchor's note, lines by keys the reader does not know are passed over.)
//! 3. Reading holds one line at a time.
//!
//! Never: a key. A key inside the file it vouches for would prove nothing.

mod read;
mod write;

pub use read::{ExportReader, Head, Line, ReadError};
pub use write::{ExportWriter, ExportedEntry, WriteError, export_line};

use serde::{Deserialize, Serialize};

use crate::origin::Epoch;

/// The form that is written, and the only one that is read.
pub const EXPORT_FORMAT: &str = "casemate.export.v1";
/// Most earlier checkpoints in one export: each costs the reader one signature check.
pub const EARLIER_CHECKPOINTS_MAX: usize = 256;
/// Longest line: an entry of the largest size in base64, or a head of long notes and a proof, fits
/// several times.
pub const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadLine {
    pub(crate) format: String,
    /// The signed checkpoint that the entries must add up to.
    pub(crate) checkpoint: String,
    /// Signed checkpoints of smaller sizes, ascending: the log must have passed through each of
    /// them.
    pub(crate) earlier: Vec<String>,
    /// The proof that a checkpoint of this log is in the log of checkpoints; missing in a log that
    /// was not published yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) anchor: Option<String>,
    /// Where the log begins, if its older entries are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boundary: Option<BoundaryLine>,
}

/// Where a log begins. The peaks are believed only if they lead to the signed root and an entry
/// names them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoundaryLine {
    pub(crate) first_index: u64,
    pub(crate) epoch: Epoch,
    pub(crate) peaks: Vec<String>,
}

/// The line of one entry.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryLine {
    pub(crate) index: u64,
    /// The leaf hash as the log stores it. It adds no trust: it tells where the damage is.
    pub(crate) leaf: String,
    pub(crate) entry: String,
    pub(crate) personal: Vec<PersonalLine>,
    /// Fields whose values were erased, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) erased: Vec<String>,
}

/// One personal value. A field the entry commits to and that has no line here is withheld, unless
/// it is said to be erased.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonalLine {
    pub(crate) field: String,
    pub(crate) salt: String,
    pub(crate) value: String,
}

/// The last line: the index after the last entry.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndLine {
    pub(crate) end: u64,
}

//! Writing an export, line by line.
//!
//! Always true: lines come out in the order and form the reader insists on, whatever order the rows
//! had.

use data_encoding::BASE64;
use serde::Serialize;

use super::{
    BoundaryLine, EARLIER_CHECKPOINTS_MAX, EXPORT_FORMAT, EndLine, EntryLine, HeadLine,
    LINE_BYTES_MAX, PersonalLine,
};
use crate::boundary::Boundary;
use crate::entry::PersonalValue;
use crate::tree::Hash;

/// One entry as the store holds it. It is exported as it is found: judging it is the verifier's
/// work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedEntry {
    /// Its leaf index.
    pub index: u64,
    /// The leaf hash as stored.
    pub leaf: Hash,
    /// The canonical bytes as stored.
    pub bytes: Vec<u8>,
    /// The personal values that still exist.
    pub personal: Vec<PersonalValue>,
    /// The fields whose values were erased, ascending.
    pub erased: Vec<String>,
}

/// Why an export could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// More earlier checkpoints than an export may carry.
    #[error("an export carries at most {EARLIER_CHECKPOINTS_MAX} earlier checkpoints")]
    TooManyCheckpoints,
    /// A line longer than the reader accepts.
    #[error("a line of the export would be longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
}

/// Makes the lines of one export. The caller writes each to wherever the export goes.
#[derive(Debug)]
pub struct ExportWriter {
    /// The index of the next entry.
    next: u64,
}

impl ExportWriter {
    /// Begins an export and gives its first line.
    ///
    /// `earlier` holds signed checkpoints in ascending order of size, each smaller than
    /// `checkpoint`. `anchor` is a proof file for one of this log's checkpoints. `boundary` is
    /// where the entries begin, if the older ones are dropped.
    ///
    /// # Errors
    /// [`WriteError`] when the head breaks a limit of the format.
    pub fn begin(
        checkpoint: &str,
        earlier: Vec<String>,
        anchor: Option<String>,
        boundary: Option<&Boundary>,
    ) -> Result<(Self, String), WriteError> {
        if earlier.len() > EARLIER_CHECKPOINTS_MAX {
            return Err(WriteError::TooManyCheckpoints);
        }
        let first = boundary.map_or(0, Boundary::first_index);
        let boundary = boundary.map(|boundary| BoundaryLine {
            first_index: boundary.first_index(),
            epoch: boundary.epoch(),
            peaks: boundary.peaks().iter().map(|peak| BASE64.encode(peak)).collect(),
        });
        let format = EXPORT_FORMAT.to_owned();
        let checkpoint = checkpoint.to_owned();
        let head = HeadLine { format, checkpoint, earlier, anchor, boundary };
        Ok((Self { next: first }, line(&head)?))
    }

    /// The line of the next entry.
    ///
    /// # Errors
    /// [`WriteError::LineTooLong`], for personal values beyond every limit of theirs.
    pub fn entry(&mut self, entry: &ExportedEntry) -> Result<String, WriteError> {
        self.next += 1;
        export_line(entry)
    }

    /// The last line.
    ///
    /// # Errors
    /// None of the format's limits can be broken here; the type is that of the other lines.
    pub fn end(self) -> Result<String, WriteError> {
        line(&EndLine { end: self.next })
    }
}

/// The line that an export has for an entry.
///
/// # Errors
/// [`WriteError::LineTooLong`], for personal values beyond every limit of theirs.
pub fn export_line(entry: &ExportedEntry) -> Result<String, WriteError> {
    let mut personal: Vec<PersonalLine> = entry
        .personal
        .iter()
        .map(|PersonalValue { field, salt, value }| PersonalLine {
            field: field.clone(),
            salt: BASE64.encode(salt),
            value: value.clone(),
        })
        .collect();
    personal.sort_by(|left, right| left.field.cmp(&right.field));
    line(&EntryLine {
        index: entry.index,
        leaf: BASE64.encode(&entry.leaf),
        entry: BASE64.encode(&entry.bytes),
        personal,
        erased: entry.erased.clone(),
    })
}

fn line(value: &impl Serialize) -> Result<String, WriteError> {
    let mut text = serde_json::to_string(value).map_err(|_| WriteError::LineTooLong)?;
    text.push('\n');
    if text.len() as u64 <= LINE_BYTES_MAX { Ok(text) } else { Err(WriteError::LineTooLong) }
}

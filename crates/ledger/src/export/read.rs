//! Reading an export, one line at a time, accepting exactly what the writer writes.
//!
//! Always true
//! 1. A line is accepted only if writing it again gives the same bytes: no second spelling of the
//!    same data.
//! 2. A file that stops early is told apart from a file that was changed.

use std::io::BufRead;

use data_encoding::BASE64;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    BoundaryLine, EARLIER_CHECKPOINTS_MAX, EXPORT_FORMAT, EndLine, EntryLine, ExportedEntry,
    HeadLine, LINE_BYTES_MAX,
};
use crate::boundary::Boundary;
use crate::checkpoint::hash_from_base64;
use crate::entry::PersonalValue;

/// Why a line could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file stops before its end line.
    #[error("the file ends early")]
    Truncated,
    /// The line is not one that an export has at this place.
    #[error("line {line} is not in the form of an export")]
    Form {
        /// Counted from 1.
        line: u64,
    },
    /// The device failed.
    #[error("the file cannot be read")]
    Unreadable,
}

/// What the first line holds: texts that nobody has verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Signed checkpoints of smaller sizes.
    pub earlier: Vec<String>,
    /// A proof file that leads to the log of checkpoints.
    pub anchor: Option<String>,
    /// Where the log begins, if not at its first entry.
    pub boundary: Option<Boundary>,
}

/// What a line after the first one holds.
#[derive(Debug)]
pub enum Line {
    /// One entry.
    Entry(ExportedEntry),
    /// The end, and the number of entries it states. Nothing follows it.
    End(u64),
}

/// Reads the lines of one export.
pub struct ExportReader<R> {
    source: R,
    buffer: Vec<u8>,
    again: Vec<u8>,
    line: u64,
}

impl<R: BufRead> ExportReader<R> {
    /// Begins reading.
    pub const fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), again: Vec::new(), line: 0 }
    }

    /// The head.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Form`] for line 1 means that this is no export at all.
    pub fn head(&mut self) -> Result<Head, ReadError> {
        self.next_line()?;
        let HeadLine { format, checkpoint, earlier, anchor, boundary } = self.parsed()?;
        if format != EXPORT_FORMAT || earlier.len() > EARLIER_CHECKPOINTS_MAX {
            return Err(self.form());
        }
        let boundary = match boundary {
            None => None,
            Some(line) => Some(boundary_of(&line).ok_or_else(|| self.form())?),
        };
        Ok(Head { checkpoint, earlier, anchor, boundary })
    }

    /// The next line after the head.
    ///
    /// # Errors
    /// [`ReadError`], also when something follows the end line.
    pub fn line(&mut self) -> Result<Line, ReadError> {
        self.next_line()?;
        if self.buffer.starts_with(b"{\"end\":") {
            let EndLine { end } = self.parsed()?;
            return if self.at_end()? { Ok(Line::End(end)) } else { Err(self.form()) };
        }
        let line: EntryLine = self.parsed()?;
        entry_of(line).map(Line::Entry).ok_or_else(|| self.form())
    }

    fn next_line(&mut self) -> Result<(), ReadError> {
        self.buffer.clear();
        self.line += 1;
        let mut bounded = std::io::Read::take(&mut self.source, LINE_BYTES_MAX);
        bounded.read_until(b'\n', &mut self.buffer).map_err(|_| ReadError::Unreadable)?;
        match self.buffer.pop() {
            Some(b'\n') => Ok(()),
            Some(_) if self.buffer.len() as u64 + 1 == LINE_BYTES_MAX => Err(self.form()),
            _ => Err(ReadError::Truncated),
        }
    }

    fn parsed<T: DeserializeOwned + Serialize>(&mut self) -> Result<T, ReadError> {
        let value: T = serde_json::from_slice(&self.buffer).map_err(|_| self.form())?;
        self.again.clear();
        serde_json::to_writer(&mut self.again, &value).map_err(|_| self.form())?;
        if self.again == self.buffer { Ok(value) } else { Err(self.form()) }
    }

    fn at_end(&mut self) -> Result<bool, ReadError> {
        self.source.fill_buf().map(<[u8]>::is_empty).map_err(|_| ReadError::Unreadable)
    }

    const fn form(&self) -> ReadError {
        ReadError::Form { line: self.line }
    }
}

fn boundary_of(line: &BoundaryLine) -> Option<Boundary> {
    let peaks = line.peaks.iter().map(|peak| hash_from_base64(peak));
    Boundary::new(line.first_index, peaks.collect::<Option<Vec<_>>>()?, line.epoch)
}

fn entry_of(line: EntryLine) -> Option<ExportedEntry> {
    let ascending = line.personal.is_sorted_by(|left, right| left.field < right.field)
        && line.erased.is_sorted_by(|left, right| left < right);
    let personal: Option<Vec<PersonalValue>> = line
        .personal
        .into_iter()
        .map(|personal| {
            let salt = hash_from_base64(&personal.salt)?;
            Some(PersonalValue { field: personal.field, salt, value: personal.value })
        })
        .collect();
    Some(ExportedEntry {
        index: line.index,
        leaf: hash_from_base64(&line.leaf)?,
        bytes: BASE64.decode(line.entry.as_bytes()).ok()?,
        personal: personal.filter(|_| ascending)?,
        erased: line.erased,
    })
}

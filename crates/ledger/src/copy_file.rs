//! A copy of the log of checkpoints in one file, with the openings that a reader of one log has.
//!
//! Always true: one copy has one form; the entries follow the openings as they are served, bundle
//! after bundle.

use crate::blinded::Opening;
use crate::checkpoint::decimal;

const LABEL: &str = "casemate.copy.v1";
/// Lines of one opening.
const OPENING_LINES: usize = 6;
/// Most openings of one copy: ten years of a log that is published every five minutes.
pub const OPENINGS_MAX: u64 = 1_048_576;

/// A file that is not a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a copy of a log of checkpoints")]
pub struct NotACopy;

/// A copy that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFile<'a> {
    /// What opens the leaves of one log.
    pub openings: Vec<Opening>,
    /// The bundles of the log of checkpoints.
    pub entries: &'a [u8],
}

impl<'a> CopyFile<'a> {
    /// What stands before the entries.
    #[must_use]
    pub fn head(openings: &[Opening]) -> String {
        let mut head = format!("{LABEL}\n{}\n", openings.len());
        head.extend(openings.iter().map(Opening::text));
        head
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// [`NotACopy`].
    pub fn parse(file: &'a [u8]) -> Result<Self, NotACopy> {
        Self::read(file).ok_or(NotACopy)
    }

    fn read(file: &'a [u8]) -> Option<Self> {
        let (label, rest) = lines(file, 1)?;
        let (count, mut rest) = lines(rest, 1)?;
        let count = std::str::from_utf8(count).ok()?.strip_suffix('\n').and_then(decimal)?;
        if label.strip_suffix(b"\n")? != LABEL.as_bytes() || count > OPENINGS_MAX {
            return None;
        }
        let mut openings = Vec::new();
        for _ in 0..count {
            let (text, after) = lines(rest, OPENING_LINES)?;
            openings.push(Opening::parse(text).ok()?);
            rest = after;
        }
        Some(Self { openings, entries: rest })
    }
}

/// The first lines, with their newlines, and what follows.
fn lines(bytes: &[u8], count: usize) -> Option<(&[u8], &[u8])> {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let (last, _) = ends.nth(count.checked_sub(1)?)?;
    bytes.split_at_checked(last + 1)
}

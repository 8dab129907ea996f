//! Checkpoints: the signed statement "this log has this size and this root".
//!
//! Source: C2SP tlog-checkpoint. Extension lines are read past, never written.

use data_encoding::BASE64;

use crate::origin::LogOrigin;
use crate::tree::Hash;

/// A tree head of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: LogOrigin,
    /// How many leaves.
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Hash,
}

/// A text that is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a checkpoint")]
pub struct NotACheckpoint;

impl Checkpoint {
    /// The text that is signed: three lines, each ended by a newline.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }

    /// Reads a note's text.
    ///
    /// # Errors
    /// [`NotACheckpoint`] unless it has an origin, a size without leading zeroes, a 32-byte root,
    /// and only non-empty lines after these.
    pub fn parse(text: &str) -> Result<Self, NotACheckpoint> {
        let TreeHead { origin, size, root } = TreeHead::parse(text)?;
        let origin = LogOrigin::parse(origin).map_err(|_| NotACheckpoint)?;
        Ok(Self { origin, size, root })
    }
}

/// A checkpoint of any log, whatever its origin looks like: what a witness reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead<'a> {
    /// The first line.
    pub origin: &'a str,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl<'a> TreeHead<'a> {
    /// Reads a note's text.
    ///
    /// # Errors
    /// [`NotACheckpoint`] unless it has an origin, a size without leading zeroes, a 32-byte root,
    /// and only non-empty lines after these.
    pub fn parse(text: &'a str) -> Result<Self, NotACheckpoint> {
        let body = text.strip_suffix('\n').ok_or(NotACheckpoint)?;
        let mut lines = body.split('\n');
        let mut line = || lines.next().ok_or(NotACheckpoint);
        let origin = line()?;
        let size = decimal(line()?).ok_or(NotACheckpoint)?;
        let root = hash_from_base64(line()?).ok_or(NotACheckpoint)?;
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(NotACheckpoint);
        }
        Ok(Self { origin, size, root })
    }
}

/// A decimal number in its one form: digits only, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash in its one base64 form.
pub(crate) fn hash_from_base64(text: &str) -> Option<Hash> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}

//! What the server promised and showed to this person: receipts of their acts, and checkpoints of
//! their logs.
//!
//! Always true
//! 1. Only what the pinned log key signed is kept.
//! 2. `verify` holds it against every export of the same log, so an act that was left out, or a log
//!    that was rewritten after it was seen, convicts whoever signed.
//! 3. The file is bounded: the newest [`KEPT_MAX`] stay.
//!
//! Nothing here is secret: a receipt names an entry by id and hash.

use ledger::{Checkpoint, LogOrigin, Note, Receipt, VerifierKey};
use serde::{Deserialize, Serialize};

/// Most pieces that are kept: months of one person's acts, within the size of a profile's file.
pub(super) const KEPT_MAX: usize = 400;

/// One piece of evidence, as its line in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Piece {
    /// A receipt, in the form of its header.
    Receipt(String),
    /// A signed checkpoint.
    Checkpoint(String),
}

/// What was kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept(Vec<Piece>);

/// The part of the evidence that is about one log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Bearing<'a> {
    /// Receipts of this log.
    pub(crate) receipts: Vec<&'a str>,
    /// Checkpoints of this log that it must have passed through.
    pub(crate) checkpoints: Vec<&'a str>,
    /// How many checkpoints of this log are from before where it begins.
    pub(crate) before: usize,
    /// The size of the newest checkpoint, when that is beyond the log at hand.
    pub(crate) later_size: Option<u64>,
}

impl Piece {
    /// Whether `key` signed it.
    pub(crate) fn is_signed_by(&self, key: &VerifierKey) -> bool {
        match self {
            Self::Receipt(header) => Receipt::open_header(header, key).is_ok(),
            Self::Checkpoint(note) => opened(note, std::slice::from_ref(key)).is_some(),
        }
    }
}

fn opened(note: &str, keys: &[VerifierKey]) -> Option<Checkpoint> {
    let text = Note::parse(note).ok()?.open(keys).ok()?;
    Checkpoint::parse(text).ok()
}

impl Kept {
    /// What the lines of a file hold; lines of another form, which a crash may leave, are passed
    /// over.
    pub(super) fn read(file: &[u8]) -> Self {
        let lines = file.split(|byte| *byte == b'\n');
        Self(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// The lines of a file.
    pub(super) fn lines(&self) -> Vec<u8> {
        let line = |piece| serde_json::to_vec(piece).ok().map(|line| [line, vec![b'\n']].concat());
        self.0.iter().filter_map(line).flatten().collect()
    }

    /// Takes more, and lets go of the oldest beyond [`KEPT_MAX`].
    pub(super) fn add(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            if !self.0.contains(&piece) {
                self.0.push(piece);
            }
        }
        self.0.drain(..self.0.len().saturating_sub(KEPT_MAX));
    }

    /// What bears on the log of `origin` as it was at the last of these `sizes`, and begins at the
    /// first, for somebody who trusts `keys`.
    pub(crate) fn bearing_on(
        &self,
        origin: &LogOrigin,
        sizes: std::ops::RangeInclusive<u64>,
        keys: &[VerifierKey],
    ) -> Bearing<'_> {
        let mut bearing = Bearing::default();
        for piece in &self.0 {
            match piece {
                Piece::Receipt(header) => {
                    let read = |key| Receipt::open_header(header, key).ok();
                    if keys
                        .iter()
                        .find_map(read)
                        .is_some_and(|receipt| receipt.origin.same_log(origin))
                    {
                        bearing.receipts.push(header);
                    }
                }
                Piece::Checkpoint(note) => {
                    let Some(seen) = opened(note, keys).filter(|seen| seen.origin.same_log(origin))
                    else {
                        continue;
                    };
                    // One of before a restore may be longer: the log itself explains that, or not.
                    let longer =
                        seen.origin.epoch() < origin.epoch() && seen.size >= *sizes.start();
                    if sizes.contains(&seen.size) || longer {
                        bearing.checkpoints.push(note);
                    } else if seen.size < *sizes.start() {
                        bearing.before += 1;
                    } else {
                        bearing.later_size = bearing.later_size.max(Some(seen.size));
                    }
                }
            }
        }
        bearing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pieces_stay_and_none_is_kept_twice() {
        let mut kept = Kept::default();
        kept.add((0..500).map(|n| Piece::Receipt(n.to_string())).collect());
        kept.add(vec![Piece::Receipt("499".to_owned())]);
        assert_eq!(kept.0.len(), KEPT_MAX);
        assert_eq!(kept.0.last(), Some(&Piece::Receipt("499".to_owned())));
        assert_eq!(Kept::read(&kept.lines()), kept);
    }

    #[test]
    fn a_half_written_line_costs_only_itself() {
        let mut kept = Kept::default();
        kept.add(vec![Piece::Receipt("a".to_owned()), Piece::Checkpoint("b".to_owned())]);
        let lines = kept.lines();
        assert_eq!(Kept::read(&lines[..lines.len() - 3]).0.len(), 1);
        assert_eq!(Kept::read(b"\xff\n{}\n"), Kept::default());
    }
}

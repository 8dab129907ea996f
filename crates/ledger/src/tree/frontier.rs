//! The right edge of a growing tree: one hash per complete subtree, enough to append and to name
//! the root.
//!
//! Always true: the peaks are one per set bit of the size, tallest first.

use super::{Hash, NodePosition, empty_root, node_hash};

/// The compact state of a log of some size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of an empty log.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// The frontier of a log of `size` leaves, from the stored nodes at [`Self::positions`], in
    /// that order. `None` when their number does not fit the size, or the size is one that no table
    /// can hold.
    #[must_use]
    pub fn resume(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = i64::try_from(size).is_ok() && peaks.len() == size.count_ones() as usize;
        fits.then_some(Self { size, peaks })
    }

    /// Where the peaks of a log of `size` leaves stand, tallest first.
    pub fn positions(size: u64) -> impl Iterator<Item = NodePosition> {
        (0..64_u8).rev().filter(move |level| size >> level & 1 == 1).map(move |level| {
            // The peak is the last complete node of its level.
            NodePosition { level, index: (size >> level) - 1 }
        })
    }

    /// How many leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The peaks, tallest first: one per set bit of the size.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf and reports every inner node this completes, lowest first. The leaf itself, at
    /// level 0 and index `size` before the call, is the caller's.
    pub fn append(&mut self, leaf: Hash, mut completed: impl FnMut(NodePosition, Hash)) {
        let index = self.size;
        let mut hash = leaf;
        for level in (1..64_u8).take(self.size.trailing_ones() as usize) {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            completed(NodePosition { level, index: index >> level }, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The RFC 6962 root over all leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(&lowest) = peaks.next() else { return empty_root() };
        peaks.fold(lowest, |right, left| node_hash(left, &right))
    }
}

//! One output on its way through the masker.
//!
//! Always true
//! 1. Bytes leave in order, and only when nothing that begins at or before them can still become an
//!    occurrence.
//! 2. Occurrences that overlap share one mask; those that only touch have one each.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::MASK;
use crate::index::Index;
use crate::tree::{Candidates, Tree};

/// Pushes one output through a [`crate::Masker`].
pub struct Stream {
    index: Arc<Index>,
    /// Bytes that have not left yet. All places below are counted from its beginning.
    held: Zeroizing<Vec<u8>>,
    /// Places in `held` where forms begin that go on as far as it reaches.
    open: Vec<Open>,
    /// Occurrences that are complete and have not left yet.
    found: Vec<Occurrence>,
    /// Bytes before this place are hidden by a mask that has left.
    hidden: usize,
}

struct Open {
    start: usize,
    candidates: Candidates,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    start: usize,
    end: usize,
}

impl Stream {
    pub(crate) fn new(index: Arc<Index>) -> Self {
        let held = Zeroizing::new(Vec::new());
        Self { index, held, open: Vec::new(), found: Vec::new(), hidden: 0 }
    }

    /// Takes the next bytes and appends to `out` what can leave.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let begin = self.held.len();
        self.held.extend_from_slice(chunk);
        self.search(begin);
        self.follow();
        let settled = self.open.iter().map(|open| open.start).fold(self.held.len(), usize::min);
        self.release(settled, out);
    }

    /// Ends the output: what was held back leaves, for it became no occurrence.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.open.clear();
        self.release(self.held.len(), out);
    }

    /// How many bytes are held back because they may be the beginning of a value.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Notes every place from `begin` on where a form may begin.
    fn search(&mut self, begin: usize) {
        let Self { index, held, open, .. } = self;
        let near_end = index.scan(held, begin, |start, candidates| {
            open.push(Open { start, candidates });
        });
        open.extend((near_end..held.len()).map(|start| Open { start, candidates: Tree::all() }));
    }

    /// Follows the open places as far as the held bytes reach.
    fn follow(&mut self) {
        let Self { index, held, open, found, .. } = self;
        open.retain_mut(|open| {
            let start = open.start;
            let text = held.get(start..).unwrap_or(&[]);
            index.tree.follow(&mut open.candidates, text, |length| {
                found.push(Occurrence { start, end: start + length });
            })
        });
    }

    /// Lets everything before `settled` leave, with a mask for each run of occurrences that begins
    /// there.
    fn release(&mut self, settled: usize, out: &mut Vec<u8>) {
        self.found.sort_unstable();
        let mut next = 0;
        for occurrence in self.found.iter().take_while(|found| found.start < settled) {
            if occurrence.start >= self.hidden {
                let plain = self.held.get(next.max(self.hidden)..occurrence.start);
                out.extend_from_slice(plain.unwrap_or(&[]));
                out.extend_from_slice(MASK);
            }
            self.hidden = self.hidden.max(occurrence.end);
            next = next.max(occurrence.start);
        }
        let plain = self.held.get(next.max(self.hidden)..settled);
        out.extend_from_slice(plain.unwrap_or(&[]));
        self.forget(settled);
    }

    /// Drops the bytes before `settled` and counts all places from there.
    fn forget(&mut self, settled: usize) {
        self.held.drain(..settled);
        self.hidden = self.hidden.saturating_sub(settled);
        self.found.retain(|found| found.start >= settled);
        for found in &mut self.found {
            found.start -= settled;
            found.end -= settled;
        }
        for open in &mut self.open {
            open.start -= settled;
        }
    }
}

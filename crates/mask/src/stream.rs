//! One output on its way through the masker.
//!
//! Always true
//! 1. Bytes leave in order, and only when nothing that begins at or before them can still become an
//!    occurrence.
//! 2. Occurrences that overlap share one mask; those that only touch have one each.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::MASK;
use crate::automaton::{Automaton, FormId, State};

/// Pushes one output through a [`crate::Masker`].
pub struct Stream {
    automaton: Arc<Automaton>,
    state: State,
    /// Bytes that have not left yet. All places below are counted from its beginning.
    held: Zeroizing<Vec<u8>>,
    /// Forms that begin in `held` and go on as far as it reaches.
    open: Vec<OpenForm>,
    /// Occurrences that are complete and have not left yet.
    found: Vec<Occurrence>,
    /// Bytes before this place are hidden by a mask that has left.
    hidden: usize,
}

struct OpenForm {
    form: FormId,
    start: usize,
    matched: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    start: usize,
    end: usize,
}

impl Stream {
    pub(crate) fn new(automaton: Arc<Automaton>) -> Self {
        let state = automaton.start();
        let held = Zeroizing::new(Vec::new());
        Self { automaton, state, held, open: Vec::new(), found: Vec::new(), hidden: 0 }
    }

    /// Takes the next bytes and appends to `out` what can leave.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.search(chunk);
        self.held.extend_from_slice(chunk);
        self.compare();
        let beginning = self.held.len() - self.automaton.beginning_at_end_of(&self.held);
        let settled = self.open.iter().map(|open| open.start).fold(beginning, usize::min);
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

    /// Notes every form whose beginning is complete with a byte of `chunk`.
    fn search(&mut self, chunk: &[u8]) {
        let open = &mut self.open;
        for (&byte, end) in chunk.iter().zip(self.held.len() + 1..) {
            self.automaton.step(&mut self.state, byte, |form, matched| {
                open.push(OpenForm { form, start: end - matched, matched });
            });
        }
    }

    /// Follows the open forms as far as the held bytes reach.
    fn compare(&mut self) {
        let Self { automaton, held, open, found, .. } = self;
        open.retain_mut(|open| {
            let form = automaton.form(open.form);
            let rest = form.get(open.matched..).unwrap_or(&[]);
            let ahead = held.get(open.start + open.matched..).unwrap_or(&[]);
            let length = rest.len().min(ahead.len());
            if rest.get(..length) != ahead.get(..length) {
                return false;
            }
            open.matched += length;
            let complete = open.matched == form.len();
            if complete {
                found.push(Occurrence { start: open.start, end: open.start + form.len() });
            }
            !complete
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

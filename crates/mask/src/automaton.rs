//! The search automaton over the beginnings of all forms.
//!
//! Always true
//! 1. The automaton grows with the number of forms, not with their length: it knows the first
//!    [`ANCHOR_BYTES`] of each, and the rest is compared byte by byte.
//! 2. Forms that are equal are kept once.

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

use crate::forms::Pattern;

/// How much of a form is in the automaton. Long enough to be rare in ordinary text.
pub(crate) const ANCHOR_BYTES: usize = 32;

/// The forms, and the automaton that finds where one may begin.
pub(crate) struct Automaton {
    /// Sorted, each once.
    anchors: Vec<Pattern>,
    /// The forms that begin with the anchor at the same place.
    forms: Vec<Vec<Pattern>>,
    /// `None` when there is nothing to look for.
    states: Option<NFA>,
}

/// Where the automaton stands between two bytes.
#[derive(Clone, Copy)]
pub(crate) struct State(StateID);

/// A form, by anchor and place in that anchor's list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FormId {
    anchor: usize,
    form: usize,
}

impl Automaton {
    pub(crate) fn new(mut patterns: Vec<Pattern>) -> Self {
        patterns.sort_by(|left, right| left.as_slice().cmp(right.as_slice()));
        patterns.dedup();
        let (mut anchors, mut forms) = (Vec::<Pattern>::new(), Vec::<Vec<Pattern>>::new());
        for pattern in patterns {
            let anchor = pattern.get(..ANCHOR_BYTES).unwrap_or(&pattern);
            // Sorted patterns keep those with one anchor side by side.
            match (anchors.last(), forms.last_mut()) {
                (Some(last), Some(list)) if last.as_slice() == anchor => list.push(pattern),
                _ => {
                    anchors.push(Pattern::new(anchor.to_vec()));
                    forms.push(vec![pattern]);
                }
            }
        }
        let states = NFA::builder()
            .match_kind(MatchKind::Standard)
            .build(anchors.iter().map(|anchor| anchor.as_slice()))
            .ok()
            .filter(|_| !anchors.is_empty());
        assert!(states.is_some() || anchors.is_empty(), "anchors are few and short");
        Self { anchors, forms, states }
    }

    /// The state before the first byte.
    pub(crate) fn start(&self) -> State {
        let start = self.states.as_ref().and_then(|nfa| nfa.start_state(Anchored::No).ok());
        State(start.unwrap_or(StateID::ZERO))
    }

    /// The state after `byte`, and every form whose anchor ends with it, with the anchor's length.
    pub(crate) fn step(&self, state: &mut State, byte: u8, mut found: impl FnMut(FormId, usize)) {
        let Some(nfa) = &self.states else { return };
        state.0 = nfa.next_state(Anchored::No, state.0, byte);
        if !nfa.is_match(state.0) {
            return;
        }
        for place in 0..nfa.match_len(state.0) {
            let anchor = nfa.match_pattern(state.0, place).as_usize();
            let length = self.anchors.get(anchor).map_or(0, |anchor| anchor.len());
            for form in 0..self.forms.get(anchor).map_or(0, Vec::len) {
                found(FormId { anchor, form }, length);
            }
        }
    }

    /// The whole text of a form.
    pub(crate) fn form(&self, id: FormId) -> &[u8] {
        let form = self.forms.get(id.anchor).and_then(|forms| forms.get(id.form));
        form.map_or(&[], |form| form.as_slice())
    }

    /// How many bytes at the end of `text` are the beginning of an anchor, and less than the whole
    /// of it.
    pub(crate) fn beginning_at_end_of(&self, text: &[u8]) -> usize {
        let longest = text.len().min(ANCHOR_BYTES - 1);
        (1..=longest).rev().find(|&length| self.begins(last_bytes(text, length))).unwrap_or(0)
    }

    fn begins(&self, tail: &[u8]) -> bool {
        let first = self.anchors.partition_point(|anchor| anchor.as_slice() < tail);
        // The first one may be equal to the tail; anchors that go on behind it come right after.
        let behind = self.anchors.iter().skip(first).take(2);
        behind.into_iter().any(|anchor| anchor.len() > tail.len() && anchor.starts_with(tail))
    }
}

fn last_bytes(text: &[u8], length: usize) -> &[u8] {
    text.get(text.len() - length..).unwrap_or(text)
}

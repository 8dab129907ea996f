//! Where a form may begin, and which one it becomes.
//!
//! Always true
//! 1. Every place of a text is looked at: one look, at four bytes, rules out three places at once,
//!    since no form is shorter than [`HEAD_BYTES`].
//! 2. What a look cannot rule out is followed through the tree of the forms.
//! 3. Everything that holds bytes of a value is wiped.
//!
//! Source: the filter is that of Wu and Manber, "A fast algorithm for multi-pattern searching"
//! (1994), with the offset of each block kept, so that a look names the places it speaks of.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::forms::Pattern;
use crate::tree::{Candidates, Tree};

/// How many bytes every form has at least: they are looked at before anything is compared.
const HEAD_BYTES: usize = crate::VALUE_CHARS_MIN;
/// How many of them one look sees.
const BLOCK_BYTES: usize = 4;
/// How many places one look rules out: as many as a head has blocks.
const PLACES: usize = HEAD_BYTES - BLOCK_BYTES + 1;
/// How many bytes a look needs before it: the head that begins at the last of its places.
const WINDOW_BYTES: usize = HEAD_BYTES + PLACES - 1;
/// Smallest and largest filter, in bits of a block's hash: what a core's nearest caches hold.
const FILTER_BITS: Range<u32> = 12..18;
/// How many entries a table has for each one that is used.
const ROOM: usize = 8;

const _: () = assert!(WINDOW_BYTES == size_of::<u64>());

/// The forms, and what finds the places where one may begin.
pub(crate) struct Index {
    pub(crate) tree: Tree,
    /// For a block's hash: bit `n` is set when the block stands at offset `n` of a head.
    filter: Zeroizing<Vec<u8>>,
    filter_shift: u32,
    /// Heads, by their hash, and the forms that have each.
    heads: Zeroizing<Vec<u64>>,
    candidates: Vec<Candidates>,
    heads_shift: u32,
}

/// Stands in a free place of the table of heads: more bytes than a head has.
const FREE: u64 = u64::MAX;

impl Index {
    pub(crate) fn new(forms: Vec<Pattern>) -> Self {
        let long = forms.iter().all(|form| form.len() >= HEAD_BYTES);
        assert!(long, "no form of a value is shorter than the shortest value");
        let tree = Tree::new(forms);
        let filter_bits = bits_for(tree.forms().len() * PLACES);
        let filter_bits = filter_bits.clamp(FILTER_BITS.start, FILTER_BITS.end);
        let heads_bits = bits_for(tree.forms().len());
        let mut index = Self {
            filter: Zeroizing::new(vec![0; 1 << filter_bits]),
            filter_shift: u32::BITS - filter_bits,
            heads: Zeroizing::new(vec![FREE; 1 << heads_bits]),
            candidates: vec![Tree::all(); 1 << heads_bits],
            heads_shift: u64::BITS - heads_bits,
            tree: Tree::new(Vec::new()),
        };
        let mut last = FREE;
        for head in tree.forms().iter().filter_map(|form| form.first_chunk()) {
            let number = number_of(head);
            if number != last {
                index.add(number, tree.beginning_with(head));
            }
            last = number;
        }
        index.tree = tree;
        index
    }

    fn add(&mut self, head: u64, candidates: Candidates) {
        for offset in 0..PLACES {
            let at = block_hash(block_at(head, offset), self.filter_shift);
            if let Some(entry) = self.filter.get_mut(at) {
                *entry |= 1 << offset;
            }
        }
        // There is more than one place for each head, so a free one is found.
        let mut at = head_hash(head, self.heads_shift);
        while self.heads.get(at).is_some_and(|&taken| taken != FREE) {
            at = (at + 1) % self.heads.len();
        }
        if let (Some(entry), Some(forms)) = (self.heads.get_mut(at), self.candidates.get_mut(at)) {
            (*entry, *forms) = (head, candidates);
        }
    }

    /// Looks at the places of `text` from `from` on and shows those where a head stands, with the
    /// forms that have it. Gives the first place that it did not look at: less than
    /// [`WINDOW_BYTES`] are left behind it.
    pub(crate) fn scan(
        &self,
        text: &[u8],
        from: usize,
        mut found: impl FnMut(usize, Candidates),
    ) -> usize {
        if self.tree.forms().is_empty() {
            return text.len();
        }
        let mut place = from;
        let mut rest = text.get(from..).unwrap_or(&[]);
        while let Some((window, _)) = rest.split_first_chunk::<WINDOW_BYTES>() {
            let window = u64::from_le_bytes(*window);
            let block = block_at(window, PLACES - 1);
            let offsets = self.filter.get(block_hash(block, self.filter_shift)).copied();
            let offsets = offsets.unwrap_or(0);
            if offsets != 0 {
                for before in (0..PLACES).filter(|before| offsets >> (PLACES - 1 - before) & 1 == 1)
                {
                    let head = window >> (8 * before) & HEAD_MASK;
                    if let Some(candidates) = self.with_head(head) {
                        found(place + before, candidates);
                    }
                }
            }
            place += PLACES;
            rest = rest.get(PLACES..).unwrap_or(&[]);
        }
        place.max(from).min(text.len())
    }

    fn with_head(&self, head: u64) -> Option<Candidates> {
        let mut at = head_hash(head, self.heads_shift);
        loop {
            match *self.heads.get(at)? {
                FREE => return None,
                found if found == head => return self.candidates.get(at).copied(),
                _ => at = (at + 1) % self.heads.len(),
            }
        }
    }
}

/// The bytes of a head in a number; the text's first is the lowest.
const HEAD_MASK: u64 = (1 << (8 * HEAD_BYTES)) - 1;

fn number_of(head: &[u8; HEAD_BYTES]) -> u64 {
    head.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[expect(clippy::cast_possible_truncation, reason = "a block is the lowest four bytes")]
const fn block_at(window: u64, offset: usize) -> u32 {
    (window >> (8 * offset)) as u32
}

/// Multiplicative hashing: the highest bits of a product with an odd constant (the golden ratio's).
const fn block_hash(block: u32, shift: u32) -> usize {
    (block.wrapping_mul(0x9e37_79b1) >> shift) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "shifted to the table's few bits")]
const fn head_hash(head: u64, shift: u32) -> usize {
    (head.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) as usize
}

/// Bits of a table's index that leave room around this many entries.
fn bits_for(entries: usize) -> u32 {
    (entries.max(1) * ROOM).next_power_of_two().trailing_zeros()
}

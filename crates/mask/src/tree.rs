//! The forms as a tree: where they part, and what each stretch between partings says.
//!
//! Always true
//! 1. The tree grows with the number of forms, not with their length: a stretch that forms share
//!    is a piece of one of them (Morrison, "PATRICIA", 1968).
//! 2. A form that a text holds whole is told once.
//! 3. Nothing here remembers a byte of a value but the forms, which are wiped, and the bytes by
//!    which they part, which are wiped too.

use zeroize::Zeroizing;

use crate::forms::Pattern;

/// Forms that go on as a text does, as far as it has been read.
#[derive(Clone, Copy)]
pub(crate) struct Candidates {
    node: usize,
    matched: usize,
    /// The form that ends with this node was told.
    told: bool,
}

/// A stretch that all forms below share.
struct Node {
    /// One of the forms below: the least.
    form: usize,
    /// Where they part, counted from their beginning.
    end: usize,
    /// Its place in the list of edges, and how many it has.
    edges: (usize, usize),
}

/// The tree. Its root is before the first byte of every form.
pub(crate) struct Tree {
    /// Sorted, each once.
    forms: Vec<Pattern>,
    nodes: Vec<Node>,
    /// The byte by which forms part, and the node that goes on with it; sorted for each node.
    edges: Zeroizing<Vec<(u8, usize)>>,
}

impl Tree {
    pub(crate) fn new(mut forms: Vec<Pattern>) -> Self {
        forms.sort_by(|left, right| left.as_slice().cmp(right.as_slice()));
        forms.dedup();
        let mut tree = Self { nodes: Vec::new(), edges: Zeroizing::new(Vec::new()), forms };
        // Nodes in the order they are found; each finds its children behind all found so far.
        let mut ranges = vec![(0, tree.forms.len())];
        let mut done = 0;
        while let Some(&(first, behind)) = ranges.get(done) {
            tree.add(first, behind, &mut ranges);
            done += 1;
        }
        tree
    }

    /// Adds the node of the forms in a range, and the ranges of its children.
    fn add(&mut self, first: usize, behind: usize, ranges: &mut Vec<(usize, usize)>) {
        let forms = self.forms.get(first..behind).unwrap_or(&[]);
        let end = match forms {
            [] => 0,
            [only] => only.len(),
            [least, .., greatest] => alike(least, greatest),
        };
        let from = self.edges.len();
        // The least form may end here: it has no next byte.
        let mut next = forms.iter().take_while(|form| form.len() == end).count();
        while let Some(&byte) = forms.get(next).and_then(|form| form.get(end)) {
            let same = |form: &&Pattern| form.get(end) == Some(&byte);
            let more = next + forms.iter().skip(next).take_while(same).count();
            self.edges.push((byte, ranges.len()));
            ranges.push((first + next, first + more));
            next = more;
        }
        self.nodes.push(Node { form: first, end, edges: (from, self.edges.len()) });
    }

    pub(crate) fn forms(&self) -> &[Pattern] {
        &self.forms
    }

    /// Every form, none of whose bytes have been read.
    pub(crate) const fn all() -> Candidates {
        Candidates { node: 0, matched: 0, told: false }
    }

    /// The forms that begin with `head`, which at least one form does.
    pub(crate) fn beginning_with(&self, head: &[u8]) -> Candidates {
        let mut candidates = Self::all();
        self.follow(&mut candidates, head, |_| {});
        // A form that is no longer than its head was told to nobody.
        Candidates { told: false, ..candidates }
    }

    /// Follows candidates through `text`, which begins where they do, and tells the length of each
    /// form that it holds whole. Says whether one of them may still go on behind the text's end.
    pub(crate) fn follow(
        &self,
        candidates: &mut Candidates,
        text: &[u8],
        mut complete: impl FnMut(usize),
    ) -> bool {
        while let Some(node) = self.nodes.get(candidates.node) {
            let Some(form) = self.forms.get(node.form) else { return false };
            let ahead = text.get(candidates.matched..).unwrap_or(&[]);
            let rest = form.get(candidates.matched..node.end).unwrap_or(&[]);
            let length = rest.len().min(ahead.len());
            if rest.get(..length) != ahead.get(..length) {
                return false;
            }
            candidates.matched += length;
            if length < rest.len() {
                return true;
            }
            if form.len() == node.end && !candidates.told {
                candidates.told = true;
                complete(node.end);
            }
            let edges = self.edges.get(node.edges.0..node.edges.1).unwrap_or(&[]);
            if edges.is_empty() {
                return false;
            }
            let Some(byte) = ahead.get(length) else { return true };
            let Ok(at) = edges.binary_search_by_key(byte, |edge| edge.0) else { return false };
            let Some(&(_, next)) = edges.get(at) else { return false };
            *candidates = Candidates { node: next, matched: node.end, told: false };
        }
        false
    }
}

fn alike(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_within_forms_are_told_once_each_whatever_the_text_is_cut_into() {
        let forms = ["abcdef", "abcdefgh", "abcdefgx", "abcxyz", "abcdef"];
        let tree = Tree::new(forms.map(|form| Pattern::new(form.into())).into());
        assert_eq!(tree.forms().len(), 4);
        for (text, wanted, goes_on) in [
            ("abcdefgh", vec![6, 8], false),
            ("abcdefgz", vec![6], false),
            ("abcdef", vec![6], true),
            ("abcx", vec![], true),
            ("abcxyz!", vec![6], false),
            ("b", vec![], false),
        ] {
            for step in 1..=text.len() {
                let (mut told, mut candidates, mut open) = (Vec::new(), Tree::all(), true);
                for end in (step..text.len()).step_by(step).chain([text.len()]) {
                    open = open
                        && tree.follow(&mut candidates, &text.as_bytes()[..end], |length| {
                            told.push(length);
                        });
                }
                assert_eq!((&told, open), (&wanted, goes_on), "{text} by {step}");
            }
        }
        assert!(!Tree::new(Vec::new()).follow(&mut Tree::all(), b"x", |_| {}));
    }
}

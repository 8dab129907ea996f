//! Inclusion and consistency proofs: making them from stored nodes, and checking them.
//!
//! Always true: what a proof needs from the store are complete nodes; the ragged right edge is
//! folded here.
//!
//! Source: RFC 6962 sections 2.1.1 and 2.1.2; the checks follow RFC 9162 sections 2.1.3.2 and
//! 2.1.4.2.

use super::{Frontier, Hash, NodePosition, node_hash};

/// Where stored nodes come from. Level 0 are the leaf hashes.
pub trait NodeSource {
    /// Why the store could not answer.
    type Error;

    /// The complete node at `position`; `None` when it is not there.
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    fn node(&mut self, position: NodePosition) -> Result<Option<Hash>, Self::Error>;
}

/// Why a proof could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The index or the smaller size lies beyond the tree.
    #[error("the log is not that long")]
    OutOfRange,
    /// A node that must be there is not: the stored tree is damaged.
    #[error("a stored node of the tree is missing")]
    MissingNode(NodePosition),
    /// The store could not answer.
    #[error(transparent)]
    Source(E),
}

/// The proof that leaf `index` is in the tree of `size` leaves: siblings, lowest first.
///
/// # Errors
/// [`ProofError::OutOfRange`] unless `index < size`.
pub fn inclusion_proof<S: NodeSource>(
    source: &mut S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let mut proof = Vec::new();
    path(source, index, Span { start: 0, end: size }, &mut proof)?;
    Ok(proof)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves.
///
/// # Errors
/// [`ProofError::OutOfRange`] unless `old <= new`.
pub fn consistency_proof<S: NodeSource>(
    source: &mut S,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if old > new {
        return Err(ProofError::OutOfRange);
    }
    let mut proof = Vec::new();
    if old > 0 && old < new {
        subproof(source, old, Span { start: 0, end: new }, Known::Yes, &mut proof)?;
    }
    Ok(proof)
}

/// The leaves `start..end` of a tree.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
}

impl Span {
    /// The two halves: the left one is the largest power of two below the length.
    fn halves(self) -> (Self, Self) {
        let middle = self.start + ((self.end - self.start).next_power_of_two() >> 1);
        (Self { start: self.start, end: middle }, Self { start: middle, end: self.end })
    }
}

/// RFC 6962 PATH(m, D[n]).
fn path<S: NodeSource>(
    source: &mut S,
    index: u64,
    span: Span,
    proof: &mut Vec<Hash>,
) -> Result<(), ProofError<S::Error>> {
    if span.end - span.start == 1 {
        return Ok(());
    }
    let (left, right) = span.halves();
    let (inner, sibling) = if index < left.end { (left, right) } else { (right, left) };
    path(source, index, inner, proof)?;
    proof.push(span_hash(source, sibling)?);
    Ok(())
}

/// Whether the verifier already has the hash of the span at hand.
#[derive(Clone, Copy)]
enum Known {
    Yes,
    No,
}

/// RFC 6962 SUBPROOF(m, D[n], b).
fn subproof<S: NodeSource>(
    source: &mut S,
    old: u64,
    span: Span,
    known: Known,
    proof: &mut Vec<Hash>,
) -> Result<(), ProofError<S::Error>> {
    if old == span.end {
        if matches!(known, Known::No) {
            proof.push(span_hash(source, span)?);
        }
        return Ok(());
    }
    let (left, right) = span.halves();
    if old <= left.end {
        subproof(source, old, left, known, proof)?;
        proof.push(span_hash(source, right)?);
    } else {
        subproof(source, old, right, Known::No, proof)?;
        proof.push(span_hash(source, left)?);
    }
    Ok(())
}

/// The root over a span that begins at a multiple of its largest complete subtree: folded from its
/// peaks.
fn span_hash<S: NodeSource>(source: &mut S, span: Span) -> Result<Hash, ProofError<S::Error>> {
    let peaks: Vec<NodePosition> = Frontier::positions(span.end - span.start).collect();
    let mut hash = None;
    for relative in peaks.into_iter().rev() {
        let shift = span.start >> relative.level;
        let position = NodePosition { level: relative.level, index: relative.index + shift };
        let node = source.node(position).map_err(ProofError::Source)?;
        let node = node.ok_or(ProofError::MissingNode(position))?;
        hash = Some(hash.map_or(node, |right| node_hash(&node, &right)));
    }
    hash.ok_or(ProofError::OutOfRange)
}

/// Whether `proof` shows that `leaf` stands at `index` in the tree of `size` leaves with this root.
#[must_use]
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `old` leaves with `old_root` is the beginning of the tree
/// of `new` leaves with `new_root`. The empty tree is the beginning of every tree.
#[must_use]
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty();
    }
    // When `old` is a power of two, its root is itself the first node of the path.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (first, rest)
    };
    let skipped = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> skipped, (new - 1) >> skipped);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

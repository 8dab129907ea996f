//! The Merkle tree of one log: hashes, growth, proofs.
//!
//! Always true
//! 1. Leaves and inner nodes are hashed under different prefixes, so neither can pass for the
//!    other.
//! 2. Only complete nodes are stored, and a stored node never changes: growing a log inserts rows.
//! 3. Proof checks read exactly the hashes they need; a hash too many is a refusal.
//!
//! Source: RFC 6962 section 2.1; positions and the frontier as in the tlog literature: node (level,
//! index) covers leaves `index << level .. (index + 1) << level`.

mod frontier;
mod proof;

pub use frontier::Frontier;
pub use proof::{
    NodeSource, ProofError, consistency_proof, inclusion_proof, verify_consistency,
    verify_inclusion,
};

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 hash: of a leaf, a node or a root.
pub type Hash = [u8; 32];

/// Where a complete node stands. Level 0 holds the leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodePosition {
    /// Height above the leaves.
    pub level: u8,
    /// Position from the left on that level.
    pub index: u64,
}

/// The hash of a leaf: SHA-256(0x00 || entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0x00]);
    context.update(entry);
    crate::entry::hash_of(&context.finish())
}

/// The hash of an inner node: SHA-256(0x01 || left || right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    let (_, children) = bytes.split_at_mut(1);
    let (to_left, to_right) = children.split_at_mut(32);
    to_left.copy_from_slice(left);
    to_right.copy_from_slice(right);
    crate::entry::hash_of(&digest(&SHA256, &bytes))
}

/// The root of a log without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    crate::entry::hash_of(&digest(&SHA256, &[]))
}

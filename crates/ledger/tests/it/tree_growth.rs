//! Trees of every small size against the definition of RFC 6962 written down naively.

use std::collections::BTreeMap;
use std::convert::Infallible;

use ledger::tree::{
    ProofError, consistency_proof, empty_root, inclusion_proof, leaf_hash, node_hash,
    verify_consistency, verify_inclusion,
};
use ledger::{Frontier, Hash, NodePosition, NodeSource};
use proptest::prelude::*;

/// MTH of RFC 6962 section 2.1, word for word.
fn definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [only] => *only,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(half);
            node_hash(&definition(left), &definition(right))
        }
    }
}

/// What the store keeps: leaves and completed nodes, each written once.
#[derive(Default)]
pub(crate) struct StoredTree {
    nodes: BTreeMap<NodePosition, Hash>,
    leaves: Vec<Hash>,
    roots: Vec<Hash>,
}

impl NodeSource for StoredTree {
    type Error = Infallible;

    fn node(&mut self, position: NodePosition) -> Result<Option<Hash>, Infallible> {
        Ok(self.nodes.get(&position).copied())
    }
}

impl StoredTree {
    /// The tree over these leaves, which remembers the root of every size.
    pub(crate) fn grown(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut stored = Self { roots: vec![empty_root()], ..Self::default() };
        let mut frontier = Frontier::new();
        for leaf in leaves {
            let index = frontier.size();
            stored.leaves.push(leaf);
            assert!(stored.nodes.insert(NodePosition { level: 0, index }, leaf).is_none());
            frontier.append(leaf, |position, hash| {
                assert!(stored.nodes.insert(position, hash).is_none(), "a node is written once");
            });
            stored.roots.push(frontier.root());
        }
        stored
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }
}

fn grown(size: u64) -> StoredTree {
    StoredTree::grown((0..size).map(|index| leaf_hash(&index.to_be_bytes())))
}

#[test]
fn the_root_is_that_of_the_definition_at_every_size() {
    let stored = grown(130);
    for (size, root) in stored.roots.iter().enumerate() {
        assert_eq!(*root, definition(&stored.leaves[..size]), "size {size}");
    }
}

#[test]
fn a_resumed_frontier_grows_like_the_one_that_never_stopped() {
    let mut stored = grown(70);
    for size in 0..70 {
        let peaks = Frontier::positions(size)
            .map(|position| stored.node(position).map(Option::unwrap))
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        let mut frontier = Frontier::resume(size, peaks).unwrap();
        assert_eq!(frontier.root(), stored.roots[usize::try_from(size).unwrap()]);
        frontier.append(stored.leaves[usize::try_from(size).unwrap()], |position, hash| {
            assert_eq!(stored.nodes[&position], hash);
        });
        assert_eq!(frontier.root(), stored.roots[usize::try_from(size).unwrap() + 1]);
    }
}

#[test]
fn a_frontier_with_too_many_or_too_few_peaks_does_not_resume() {
    for size in 0..40_u64 {
        let right = size.count_ones() as usize;
        for peaks in 0..8_usize {
            let resumed = Frontier::resume(size, vec![[0; 32]; peaks]);
            assert_eq!(resumed.is_some(), peaks == right, "{size} leaves, {peaks} peaks");
        }
    }
    let peaks = vec![[0; 32]; 64];
    assert!(Frontier::resume(u64::MAX, peaks).is_none(), "no table holds so many rows");
}

#[test]
fn every_proof_of_every_small_tree_verifies_at_its_own_place_only() {
    let mut stored = grown(33);
    for size in 1..=33 {
        let root = stored.roots[usize::try_from(size).unwrap()];
        for index in 0..size {
            let proof = inclusion_proof(&mut stored, index, size).unwrap();
            for other in 0..size {
                let leaf = stored.leaves[usize::try_from(other).unwrap()];
                let holds = verify_inclusion(index, size, &leaf, &proof, &root);
                assert_eq!(holds, other == index, "leaf {other} at {index} of {size}");
            }
        }
        for old in 0..=size {
            let proof = consistency_proof(&mut stored, old, size).unwrap();
            for other in 1..=size {
                let from = stored.roots[usize::try_from(other).unwrap()];
                let holds = verify_consistency(old, size, &from, &root, &proof);
                // Every tree continues the empty one, whatever root is claimed for it.
                assert_eq!(holds, other == old || old == 0, "{other} as {old} of {size}");
            }
        }
    }
}

#[test]
fn proofs_beyond_the_tree_are_refused() {
    let mut stored = grown(5);
    assert_eq!(inclusion_proof(&mut stored, 5, 5), Err(ProofError::OutOfRange));
    assert_eq!(inclusion_proof(&mut stored, 0, 0), Err(ProofError::OutOfRange));
    assert_eq!(consistency_proof(&mut stored, 6, 5), Err(ProofError::OutOfRange));
}

#[test]
fn a_missing_node_is_named() {
    let mut stored = grown(8);
    let lost = NodePosition { level: 2, index: 1 };
    stored.nodes.remove(&lost);
    assert_eq!(inclusion_proof(&mut stored, 0, 8), Err(ProofError::MissingNode(lost)));
    assert_eq!(consistency_proof(&mut stored, 4, 8), Err(ProofError::MissingNode(lost)));
    assert!(inclusion_proof(&mut stored, 0, 4).is_ok(), "the other half is whole");
}

proptest! {
    #[test]
    fn proofs_of_large_trees_verify_and_break_with_any_bit(
        size in 1_u64..2_000, at in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let mut stored = grown(size);
        let root = stored.roots[usize::try_from(size).unwrap()];
        let index = at.index(usize::try_from(size).unwrap());
        let leaf = stored.leaves[index];
        let mut proof = inclusion_proof(&mut stored, index as u64, size).unwrap();
        prop_assert!(verify_inclusion(index as u64, size, &leaf, &proof, &root));
        if !proof.is_empty() {
            let place = place.index(proof.len());
            proof[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_inclusion(index as u64, size, &leaf, &proof, &root));
        }
        let old = from.index(usize::try_from(size).unwrap());
        let old_root = stored.roots[old];
        let mut proof = consistency_proof(&mut stored, old as u64, size).unwrap();
        prop_assert!(verify_consistency(old as u64, size, &old_root, &root, &proof));
        if !proof.is_empty() {
            let place = place.index(proof.len());
            proof[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_consistency(old as u64, size, &old_root, &root, &proof));
        }
    }
}

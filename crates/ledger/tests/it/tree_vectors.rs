//! Published values of other implementations: they must come out of ours.
//!
//! Sources: transparency-dev/merkle `testonly/constants.go` and the probes of its `testdata/`
//! folder (inclusion and consistency); golang/mod `sumdb/tlog/testdata/argon2020`, responses of a
//! real Certificate Transparency log with 961,984,013 leaves.

use data_encoding::{BASE64, HEXLOWER};
use ledger::tree::{empty_root, verify_consistency, verify_inclusion};
use ledger::{Frontier, Hash, NodePosition, tree};

const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

const NODES: [&[&str]; 4] = [
    &[
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
    ],
    &[
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    ],
    &[
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    &["5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"],
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Any hash that is none of the tree's: the reference's own "some hash".
const SOME: &str = "abacaba000000000000000000000000000000000000000000060061e00123456";

fn hash(hex: &str) -> Hash {
    HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

fn node(level: usize, index: usize) -> Hash {
    hash(NODES[level][index])
}

fn leaf(index: u64) -> Hash {
    let bytes = HEXLOWER.decode(LEAVES[usize::try_from(index).unwrap()].as_bytes()).unwrap();
    tree::leaf_hash(&bytes)
}

fn root(size: u64) -> Hash {
    hash(ROOTS[usize::try_from(size).unwrap()])
}

#[test]
fn every_root_and_inner_node_is_the_published_one() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), root(0));
    assert_eq!(empty_root(), root(0));
    let mut completed = Vec::new();
    for index in 0..8 {
        assert_eq!(leaf(index), node(0, usize::try_from(index).unwrap()));
        frontier.append(leaf(index), |position, hash| completed.push((position, hash)));
        assert_eq!(frontier.root(), root(index + 1), "size {}", index + 1);
    }
    completed.sort();
    let published: Vec<_> = (1..4_u8)
        .flat_map(|level| {
            let nodes = NODES[usize::from(level)].iter().zip(0..);
            nodes.map(move |(hex, index)| (NodePosition { level, index }, hash(hex)))
        })
        .collect();
    assert_eq!(completed, published);
}

/// The reference's inclusion cases: index, size, proof.
fn inclusion_cases() -> Vec<(u64, u64, Vec<Hash>)> {
    vec![
        (0, 1, vec![]),
        (0, 8, vec![node(0, 1), node(1, 1), node(2, 1)]),
        (5, 8, vec![node(0, 4), node(1, 3), node(2, 0)]),
        (2, 3, vec![node(1, 0)]),
        (1, 5, vec![node(0, 0), node(1, 1), node(0, 4)]),
    ]
}

#[test]
fn published_inclusion_proofs_verify_and_all_their_probes_are_refused() {
    let mut refused = 0;
    for (index, size, proof) in inclusion_cases() {
        let (leaf, root) = (leaf(index), root(size));
        assert!(verify_inclusion(index, size, &leaf, &proof, &root), "{index} in {size}");
        let mut refuse = |index, size, leaf: &Hash, proof: &[Hash], root: &Hash, why: &str| {
            assert!(!verify_inclusion(index, size, leaf, proof, root), "{why}: {index} in {size}");
            refused += 1;
        };
        refuse(index.wrapping_sub(1), size, &leaf, &proof, &root, "index - 1");
        refuse(index + 1, size, &leaf, &proof, &root, "index + 1");
        refuse(index ^ 2, size, &leaf, &proof, &root, "index ^ 2");
        refuse(index, size * 2, &leaf, &proof, &root, "size * 2");
        refuse(index, size / 2, &leaf, &proof, &root, "size / 2");
        refuse(index, size, &hash(SOME), &proof, &root, "wrong leaf");
        refuse(index, size, &leaf, &proof, &empty_root(), "empty root");
        refuse(index, size, &leaf, &proof, &hash(SOME), "random root");
        refuse(index, size, &leaf, &[&proof[..], &[root]].concat(), &root, "trailing root");
        refuse(index, size, &leaf, &[&[root], &proof[..]].concat(), &root, "preceding root");
        for place in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[place][0] ^= 8;
            refuse(index, size, &leaf, &wrong, &root, "modified proof");
        }
        if let Some((_, shorter)) = proof.split_last() {
            refuse(index, size, &leaf, shorter, &root, "removed component");
        }
        if let [first, rest @ ..] = &proof[..]
            && !rest.is_empty()
        {
            let wrong = [&[*first, hash(SOME)], rest].concat();
            refuse(index, size, &leaf, &wrong, &root, "inserted component");
        }
    }
    assert_eq!(refused, 5 * 10 + 10 + 4 + 3);
}

#[test]
fn an_index_outside_the_tree_is_never_included() {
    for (index, size) in [(0, 0), (0, 1), (1, 0), (2, 1)] {
        assert!(!verify_inclusion(index, size, &hash(SOME), &[], &empty_root()));
    }
}

/// The reference's consistency cases: old size, new size, proof.
fn consistency_cases() -> Vec<(u64, u64, Vec<Hash>)> {
    vec![
        (1, 8, vec![node(0, 1), node(1, 1), node(2, 1)]),
        (6, 8, vec![node(1, 2), node(1, 3), node(2, 0)]),
        (2, 5, vec![node(1, 1), node(0, 4)]),
        (6, 7, vec![node(1, 2), node(0, 6), node(2, 0)]),
    ]
}

#[test]
fn published_consistency_proofs_verify_and_all_their_probes_are_refused() {
    let mut refused = 0;
    for (old, new, proof) in consistency_cases() {
        let (from, to) = (root(old), root(new));
        assert!(verify_consistency(old, new, &from, &to, &proof), "{old} to {new}");
        let mut refuse = |old, new, from: &Hash, to: &Hash, proof: &[Hash], why: &str| {
            assert!(!verify_consistency(old, new, from, to, proof), "{why}: {old} to {new}");
            refused += 1;
        };
        // The reference has no probe of an old size 0 with a proof that is not empty but this one.
        refuse(old - 1, new, &from, &to, &proof, "old - 1");
        refuse(old + 1, new, &from, &to, &proof, "old + 1");
        refuse(old ^ 2, new, &from, &to, &proof, "old ^ 2");
        refuse(old, new * 2, &from, &to, &proof, "new * 2");
        refuse(old, new / 2, &from, &to, &proof, "new / 2");
        refuse(old, new, &hash(SOME), &to, &proof, "wrong old root");
        refuse(old, new, &from, &hash(SOME), &proof, "wrong new root");
        refuse(old, new, &to, &from, &proof, "swapped roots");
        refuse(old, new, &from, &to, &[], "empty proof");
        for extra in [from, to, proof[0]] {
            refuse(old, new, &from, &to, &[&[extra], &proof[..]].concat(), "preceding hash");
            refuse(old, new, &from, &to, &[&proof[..], &[extra]].concat(), "trailing hash");
        }
        refuse(old, new, &from, &to, &proof[..proof.len() - 1], "truncated proof");
        for place in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[place][0] ^= 16;
            refuse(old, new, &from, &to, &wrong, "modified proof");
        }
    }
    assert_eq!(refused, 4 * 16 + 3 + 3 + 2 + 3);
}

#[test]
fn sizes_that_need_no_proof_accept_none_and_refuse_any() {
    let (first, second) = (hash(SOME), empty_root());
    assert!(!verify_consistency(0, 0, &first, &second, &[]), "one size, two roots");
    assert!(!verify_consistency(1, 1, &first, &second, &[]), "one size, two roots");
    assert!(verify_consistency(0, 0, &first, &first, &[]));
    assert!(verify_consistency(0, 1, &first, &second, &[]));
    assert!(verify_consistency(1, 1, &second, &second, &[]));
    assert!(!verify_consistency(1, 0, &first, &second, &[]), "back in time");
    assert!(!verify_consistency(2, 1, &first, &second, &[]), "back in time");
    assert!(!verify_consistency(1, 2, &first, &second, &[]), "no proof");
    for (old, new) in [(0, 0), (0, 1), (1, 1)] {
        assert!(!verify_consistency(old, new, &second, &second, &[second]), "a proof too many");
    }
}

fn argon() -> serde_json::Value {
    serde_json::from_str(include_str!("../../testdata/ct-argon2020.json")).unwrap()
}

fn base64_hash(value: &serde_json::Value) -> Hash {
    BASE64.decode(value.as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()
}

fn base64_hashes(value: &serde_json::Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(base64_hash).collect()
}

#[test]
fn proofs_of_a_real_log_with_a_billion_leaves_verify() {
    let argon = argon();
    let size = argon["tree_size"].as_u64().unwrap();
    let root = base64_hash(&argon["sha256_root_hash"]);
    let leaf_input = BASE64.decode(argon["leaf_input"].as_str().unwrap().as_bytes()).unwrap();
    let leaf = tree::leaf_hash(&leaf_input);
    let path = base64_hashes(&argon["audit_path"]);
    assert!(verify_inclusion(10_000, size, &leaf, &path, &root));
    assert!(!verify_inclusion(10_001, size, &leaf, &path, &root));
    let old = BASE64.decode(b"AuIZ5V6sDUj1vn3Y1K85oOaQ7y+FJJKtyRTl1edIKBQ=").unwrap();
    let old: Hash = old.try_into().unwrap();
    let proof = base64_hashes(&argon["consistency"]);
    assert!(verify_consistency(3_654_490, size, &old, &root, &proof));
    assert!(!verify_consistency(3_654_491, size, &old, &root, &proof));
}

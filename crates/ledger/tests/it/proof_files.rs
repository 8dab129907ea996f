//! Proof files: the form of the specification, and every change of one.
//!
//! Source: C2SP tlog-proof v1; its worked example shortens the signatures, so the note here is our
//! own.

use data_encoding::BASE64;
use ledger::ProofFile;
use ledger::proof_file::{EXTRA_BYTES_MAX, PATH_HASHES_MAX};
use ledger::tree::{inclusion_proof, verify_inclusion};
use proptest::prelude::*;

use crate::house::signer;
use crate::tree_growth::StoredTree;

/// The head of the specification's example, word for word but for the extra data, which is not
/// base64 there.
const HEAD: &str = "c2sp.org/tlog-proof@v1\n\
    extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6\n\
    index 73894\n\
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\
    B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n\
    EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n\
    RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n\
    AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n";
const TREE: &str = "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n";

fn example() -> String {
    format!("{HEAD}\n{}", signer().sign(TREE))
}

#[test]
fn the_example_of_the_specification_is_read_and_written_as_it_is() {
    let proof = ProofFile::parse(&example()).unwrap();
    assert_eq!((proof.index, proof.path.len()), (73_894, 5));
    assert_eq!(proof.extra.as_deref(), Some(&b"age-v1.2.1-darwin-arm64.tar.gz"[..]));
    assert_eq!(BASE64.encode(&proof.path[0]), "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=");
    assert_eq!(proof.checkpoint, signer().sign(TREE));
    assert_eq!(proof.text(), example());
}

#[test]
fn extra_data_and_path_may_be_missing() {
    let text = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{}", signer().sign(TREE));
    let proof = ProofFile::parse(&text).unwrap();
    assert_eq!((proof.index, proof.path.len(), proof.extra), (0, 0, None));
}

#[test]
fn other_forms_and_other_spellings_are_refused() {
    let good = example();
    for (from, to) in [
        ("@v1", "@v2"),
        ("index 73894", "index 073894"),
        ("index 73894", "index -1"),
        ("index 73894", "index"),
        ("extra ", "Extra "),
        ("extra ", "extra  "),
        ("gSKyXo", "\ngSKyXo"),
        ("PlQ=", "PlR="),
        ("index 73894\n", "index 73894\r\n"),
        ("index 73894\n", "index 73894\nextra AAAA\n"),
        ("\n\nexample", "\nexample"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert!(ProofFile::parse(&bad).is_err(), "{to:?}");
    }
    for end in 0..good.len() {
        let whole = good.get(..end).is_none_or(|cut| ProofFile::parse(cut).is_ok());
        assert!(!whole || !good.is_char_boundary(end), "cut at {end}");
    }
}

#[test]
fn limits_hold_at_their_edges() {
    for (hashes, extra, good) in [
        (PATH_HASHES_MAX, EXTRA_BYTES_MAX, true),
        (PATH_HASHES_MAX + 1, 0, false),
        (0, EXTRA_BYTES_MAX + 1, false),
    ] {
        let (extra, path) = (Some(vec![7; extra]), vec![[1; 32]; hashes]);
        let proof = ProofFile { extra, index: 1, path, checkpoint: signer().sign(TREE) };
        assert_eq!(ProofFile::parse(&proof.text()).is_ok(), good, "{hashes}");
    }
}

proptest! {
    #[test]
    fn a_changed_proof_is_refused_or_proves_nothing(
        place in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let leaves: Vec<[u8; 32]> = (0..11).map(|index| [index; 32]).collect();
        let mut tree = StoredTree::grown(leaves.iter().copied());
        let path = inclusion_proof(&mut tree, 6, 11).unwrap();
        let root = tree.root(11);
        let good = ProofFile { extra: None, index: 6, path, checkpoint: signer().sign(TREE) };
        let mut bytes = good.text().into_bytes();
        let head = bytes.len() - good.checkpoint.len();
        let place = place.index(head);
        let before = bytes[place];
        bytes[place] = byte;
        let proves = ProofFile::parse(&String::from_utf8_lossy(&bytes)).is_ok_and(|proof| {
            verify_inclusion(proof.index, 11, &leaves[6], &proof.path, &root)
        });
        prop_assert_eq!(proves, byte == before);
    }

    #[test]
    fn what_is_read_is_what_is_written(text in any::<String>()) {
        if let Ok(proof) = ProofFile::parse(&text) {
            prop_assert_eq!(proof.text(), text);
        }
    }
}

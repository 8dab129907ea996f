//! Leaves of the log of checkpoints: what they show, what they hide, and that nothing else opens
//! them.

use ledger::blinded::{pseudonym_from_hex, pseudonym_hex};
use ledger::{BlindedCheckpoint, Checkpoint, CopyFile, Opening};
use proptest::prelude::*;

use crate::house::{origin, unit};

fn opening() -> Opening {
    let checkpoint = Checkpoint { origin: origin(), size: 41, root: [5; 32] };
    Opening { pseudonym: [0xAB; 16], nonce: [9; 32], checkpoint }
}

#[test]
fn a_leaf_and_an_opening_have_one_form_each() {
    let (opening, leaf) = (opening(), opening().blinded());
    assert_eq!(Opening::parse(opening.text().as_bytes()), Ok(opening.clone()));
    assert_eq!(BlindedCheckpoint::parse(leaf.text().as_bytes()), Ok(leaf));
    assert_eq!(leaf.text().lines().count(), 3);
    assert_eq!(pseudonym_from_hex(&pseudonym_hex(&[0xAB; 16])), Some([0xAB; 16]));
    assert_eq!(pseudonym_from_hex(&"AB".repeat(16)), None);
}

#[test]
fn a_leaf_shows_neither_the_log_nor_its_size_nor_its_root() {
    let (text, opening) = (opening().blinded().text(), opening());
    let root = data_encoding::BASE64.encode(&opening.checkpoint.root);
    for hidden in [unit().to_string(), origin().to_string(), "\n41\n".to_owned(), root] {
        assert!(!text.contains(&hidden), "{hidden}");
    }
    let other = Opening { nonce: [10; 32], ..opening.clone() };
    assert_ne!(other.commitment(), opening.commitment(), "the same checkpoint under another nonce");
}

#[test]
fn only_the_very_same_checkpoint_opens_a_leaf() {
    let leaf = opening().commitment();
    let mut others = vec![opening(), opening(), opening()];
    others[0].checkpoint.size = 42;
    others[1].checkpoint.root[31] ^= 1;
    others[2].checkpoint.origin = ledger::LogOrigin::parse("example.com/log").unwrap();
    for other in others {
        assert_ne!(other.commitment(), leaf, "{other:?}");
    }
}

#[test]
fn every_flip_and_cut_of_a_leaf_is_another_leaf_or_none() {
    let (leaf, text) = (opening().blinded(), opening().blinded().text().into_bytes());
    for place in 0..text.len() {
        assert!(BlindedCheckpoint::parse(&text[..place]).is_err(), "cut at {place}");
        for bit in 0..8 {
            let mut flipped = text.clone();
            flipped[place] ^= 1 << bit;
            assert_ne!(BlindedCheckpoint::parse(&flipped), Ok(leaf), "{place}.{bit}");
        }
    }
}

#[test]
fn a_copy_gives_its_openings_and_entries_back_and_no_cut_of_its_head_is_one() {
    for count in [0, 1, 3] {
        let openings = vec![opening(); count];
        let head = CopyFile::head(&openings).into_bytes();
        let file = [&head[..], b"\0\x03abc"].concat();
        let copy = CopyFile::parse(&file).unwrap();
        assert_eq!((copy.openings, copy.entries), (openings, &b"\0\x03abc"[..]));
        for end in 0..head.len() {
            assert!(CopyFile::parse(&head[..end]).is_err(), "{count} openings, cut at {end}");
        }
    }
    for bad in ["casemate.copy.v2\n0\n", "casemate.copy.v1\n00\n", "casemate.copy.v1\n9999999\n"] {
        assert!(CopyFile::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_noise_makes_a_copy_panic(bytes in any::<Vec<u8>>()) {
        let _ = CopyFile::parse(&bytes);
        let _ = CopyFile::parse(&[b"casemate.copy.v1\n1\n", &bytes[..]].concat());
    }

    #[test]
    fn what_is_read_is_what_is_written(bytes in any::<Vec<u8>>(), place in 0_usize..200) {
        let mut text = opening().text().into_bytes();
        if let (Some(byte), Some(new)) = (text.get_mut(place), bytes.first()) {
            *byte = *new;
        }
        for bytes in [bytes, text] {
            if let Ok(opening) = Opening::parse(&bytes) {
                prop_assert_eq!(opening.text().into_bytes(), bytes);
            } else if let Ok(leaf) = BlindedCheckpoint::parse(&bytes) {
                prop_assert_eq!(leaf.text().into_bytes(), bytes);
            }
        }
    }
}

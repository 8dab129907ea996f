//! Where the input is cut must not matter, and nothing may pile up.

use mask::Masker;
use proptest::prelude::*;

use crate::masked;

fn in_pieces(values: &[&[u8]], text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let (masker, _) = Masker::new(values.iter().map(|value| ("NAME", *value)));
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    let mut rest = text;
    for &cut in cuts {
        let (piece, after) = rest.split_at(cut.min(rest.len()));
        stream.push(piece, &mut out);
        rest = after;
    }
    stream.push(rest, &mut out);
    stream.finish(&mut out);
    out
}

/// Forty bytes and more, so that the automaton's share of a form and the comparison of the rest
/// both have work.
const LONG: &[u8] = b"postgres://casemate:correct-horse-battery-staple@db.internal:5432/production";

#[test]
fn a_split_at_every_offset_gives_the_same_output() {
    let json = serde_json::to_string(std::str::from_utf8(LONG).unwrap()).unwrap();
    let json = json.replace('/', "\\/").into_bytes();
    let base64 = data_encoding::BASE64.encode(LONG);
    let text = [b"begin ", LONG, b" postgres://casemate:correct-", &json, base64.as_bytes(), LONG]
        .concat();
    let values = [LONG, &b"casemate:correct-horse"[..], b"productionpostgres"];
    let whole = masked(&values, &text);
    assert!(!whole.windows(7).any(|seen| seen == b"battery"), "{whole:?}");
    for first in 0..=text.len() {
        assert_eq!(in_pieces(&values, &text, &[first]), whole, "cut at {first}");
    }
    for size in 1..80 {
        let cuts = vec![size; text.len() / size];
        assert_eq!(in_pieces(&values, &text, &cuts), whole, "pieces of {size}");
    }
}

proptest! {
    /// Few letters, so that values overlap, nest and nearly match all the time.
    #[test]
    fn any_cuts_of_any_text_give_the_same_output(
        values in prop::collection::vec("[ab]{6,60}", 1..5),
        text in "[ab]{0,400}", cuts in prop::collection::vec(0_usize..50, 0..40),
        planted in prop::collection::vec(any::<[prop::sample::Index; 2]>(), 0..4),
    ) {
        let mut text = text.into_bytes();
        for [place, which] in planted {
            let place = place.index(text.len() + 1);
            let value = values[which.index(values.len())].bytes();
            text.splice(place..place, value);
        }
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        let whole = masked(&values, &text);
        prop_assert_eq!(in_pieces(&values, &text, &cuts), whole.clone());
        prop_assert_eq!(expected(&values, &text), whole);
    }
}

/// The definition: mark every byte of every occurrence, then write one mask per run of overlapping
/// ones. The alphabet is chosen so that no form but the raw one, hexadecimal apart, can occur.
fn expected(values: &[&[u8]], text: &[u8]) -> Vec<u8> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for value in values {
        let starts = (0..text.len()).filter(|&at| text[at..].starts_with(value));
        found.extend(starts.map(|at| (at, at + value.len())));
    }
    found.sort_unstable();
    let (mut out, mut hidden) = (Vec::new(), 0);
    for (start, end) in found {
        if start >= hidden {
            out.extend_from_slice(&text[hidden..start]);
            out.extend_from_slice(mask::MASK);
        }
        hidden = hidden.max(end);
    }
    out.extend_from_slice(&text[hidden.min(text.len())..]);
    out
}

#[test]
fn text_that_cannot_be_a_value_leaves_at_once() {
    let (masker, _) = Masker::new([("NAME", &b"hunter2x"[..])]);
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    stream.push(b"Password: ", &mut out);
    assert_eq!(out, b"Password: ", "a prompt is not held back");
    stream.push(b"hunter2", &mut out);
    assert_eq!((out.as_slice(), stream.held_bytes()), (&b"Password: "[..], 7));
    stream.push(b"!", &mut out);
    assert_eq!((out.as_slice(), stream.held_bytes()), (&b"Password: hunter2!"[..], 0));
}

#[test]
fn a_complete_value_leaves_as_its_mask_at_once() {
    let (masker, _) = Masker::new([("NAME", LONG)]);
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    stream.push(LONG, &mut out);
    assert_eq!((out.as_slice(), stream.held_bytes()), (mask::MASK, 0));
}

#[test]
fn what_is_held_never_exceeds_the_longest_form() {
    let value = vec![b'a'; 2_000];
    let (masker, _) = Masker::new([("NAME", value.as_slice())]);
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    for _ in 0..200 {
        stream.push(&[b'a'; 97], &mut out);
        assert!(stream.held_bytes() <= 3 * value.len(), "{} bytes are held", stream.held_bytes());
    }
    for _ in 0..2_000 {
        stream.push(b"%61%61%61 4141", &mut out);
        assert!(stream.held_bytes() <= 3 * value.len(), "{} bytes are held", stream.held_bytes());
    }
}

#[test]
fn a_masker_without_values_changes_nothing_and_holds_nothing() {
    let (masker, _) = Masker::new(std::iter::empty::<(&str, &[u8])>());
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    stream.push(b"anything", &mut out);
    assert_eq!((out.as_slice(), stream.held_bytes()), (&b"anything"[..], 0));
    stream.finish(&mut out);
    assert_eq!(out, b"anything");
}

#[test]
fn a_value_of_the_largest_size_is_masked_in_its_forms_in_small_pieces() {
    let value: Vec<u8> = (0..64 * 1024_u32).map(|n| (n * n % 251).to_le_bytes()[0]).collect();
    let (masker, _) = Masker::new([("NAME", value.as_slice())]);
    let hex = data_encoding::HEXLOWER.encode(&value).into_bytes();
    let base64 = data_encoding::BASE64_NOPAD.encode(&value).into_bytes();
    for form in [&value, &hex, &base64] {
        let (mut stream, mut out) = (masker.stream(), Vec::new());
        form.chunks(1_000).for_each(|chunk| stream.push(chunk, &mut out));
        stream.finish(&mut out);
        assert_eq!(out, mask::MASK);
    }
}

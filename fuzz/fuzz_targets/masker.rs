//! Wherever a text is cut, the masker lets the same bytes out, and nothing of a value stays.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mask::Masker;

fuzz_target!(|input: (Vec<Vec<u8>>, Vec<u8>, Vec<u8>)| {
    let (values, text, cuts) = input;
    let named = values.iter().take(16).map(|value| ("NAME", value.as_slice()));
    let (masker, _) = Masker::new(named);
    let (mut stream, mut whole) = (masker.stream(), Vec::new());
    stream.push(&text, &mut whole);
    stream.finish(&mut whole);
    let (mut stream, mut pieces, mut rest) = (masker.stream(), Vec::new(), text.as_slice());
    for cut in cuts {
        let (piece, after) = rest.split_at(usize::from(cut).min(rest.len()));
        stream.push(piece, &mut pieces);
        rest = after;
    }
    stream.push(rest, &mut pieces);
    stream.finish(&mut pieces);
    assert_eq!(whole, pieces);
});

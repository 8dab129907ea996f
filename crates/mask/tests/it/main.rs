//! The masker from outside: every form, every split, every overlap, bounded memory.

#![cfg(test)]

mod forms;
mod splits;

use mask::Masker;

/// What comes out for `text` when it is pushed in one piece.
fn masked(values: &[&[u8]], text: &[u8]) -> Vec<u8> {
    let (masker, _) = Masker::new(values.iter().map(|value| ("NAME", *value)));
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    stream.push(text, &mut out);
    stream.finish(&mut out);
    out
}

fn masked_text(values: &[&str], text: &str) -> String {
    let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
    String::from_utf8(masked(&values, text.as_bytes())).unwrap()
}

//! The forms in which a value turns up in output.
//!
//! Always true: each form is what a common encoder writes for the value, whatever stands before and
//! after it.
//!
//! | form | variants |
//! |---|---|
//! | raw | as it is |
//! | base64 | standard and URL alphabet, three alignments, in the middle and at the end of data |
//! | hexadecimal | both cases |
//! | percent-encoding | URI component, RFC 3986, form data, every byte; both cases |
//! | JSON string | with and without escaped slashes, non-ASCII and HTML characters; both cases |
//!
//! Not covered: base64 broken into lines, escapes of escapes.
//!
//! Sources: RFC 4648; RFC 3986 section 2.3; WHATWG URL, "application/x-www-form-urlencoded"; RFC
//! 8259 section 7.

mod json;
mod percent;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};
use zeroize::Zeroizing;

/// One form of one value.
pub(crate) type Pattern = Zeroizing<Vec<u8>>;

/// Adds every form of `value` to `patterns`, each once.
pub(crate) fn add_forms(value: &[u8], patterns: &mut Vec<Pattern>) {
    let mut forms: Vec<Pattern> = Vec::new();
    // Most encoders agree about most values; what they agree about is kept once, and early.
    let mut add = |form: Vec<u8>| {
        let form = Zeroizing::new(form);
        if !forms.contains(&form) {
            forms.push(form);
        }
    };
    add(value.to_vec());
    add(HEXLOWER.encode(value).into_bytes());
    add(HEXUPPER.encode(value).into_bytes());
    for alphabet in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
        for before in 0..3 {
            base64(alphabet, before, value, &mut add);
        }
    }
    percent::forms(value, &mut add);
    if let Ok(text) = std::str::from_utf8(value) {
        json::forms(text, &mut add);
    }
    patterns.append(&mut forms);
}

/// Adds the lines of a value that has several: a terminal turns line ends into others, and a log
/// puts a prefix before each line.
pub(crate) fn add_lines(value: &[u8], patterns: &mut Vec<Pattern>) {
    let lines = value.split(|&byte| byte == b'\n' || byte == b'\r');
    for line in lines.filter(|line| line.len() < value.len() && crate::long_enough(line)) {
        patterns.push(Zeroizing::new(line.to_vec()));
    }
}

/// The base64 digits that depend on nothing but the value, when `before` bytes stand before it in a
/// group of three: once for a value in the middle, once for a value at the end of the data.
fn base64(alphabet: &Encoding, before: usize, value: &[u8], add: &mut impl FnMut(Vec<u8>)) {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(value);
    let digits = Zeroizing::new(alphabet.encode(&bytes).into_bytes());
    // A digit is six bits. Digits that share bits with what stands before are left out; they tell
    // less than one byte.
    let first = (before * 8).div_ceil(6);
    let shared = bytes.len() * 8 / 6;
    for end in [shared, digits.len()] {
        if let Some(digits) = digits.get(first..end) {
            add(digits.to_vec());
        }
    }
}

//! Each encoder a program is likely to use, on values likely to make it escape something.

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use mask::{MASK, Masker, TooShort};
use proptest::prelude::*;

use crate::{masked, masked_text};

#[test]
fn a_value_is_masked_where_it_stands_and_nothing_else_is() {
    let out = masked_text(&["hunter2x"], "login hunter2x ok, hunter2 and hunter2xy\n");
    assert_eq!(out, "login [masked] ok, hunter2 and [masked]y\n");
}

#[test]
fn a_short_value_is_reported_by_name_and_left_alone() {
    let values = [("PIN", &b"12345"[..]), ("NONE", b""), ("UMLAUT", "äöüäö".as_bytes())];
    let (masker, short) = Masker::new(values);
    let names: Vec<_> = short.iter().map(|TooShort { name }| name.as_str()).collect();
    assert_eq!(names, ["PIN", "UMLAUT"], "an empty value has nothing to hide");
    let mut out = Vec::new();
    masker.stream().push(b"12345", &mut out);
    assert_eq!(out, b"12345");
    assert!(Masker::new([("SIX", &b"123456"[..])]).1.is_empty());
}

#[test]
fn every_line_of_a_key_file_is_masked_by_itself() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\r\nshort\n-----END KEY-----\n";
    let log = "a| -----BEGIN KEY-----\nb| MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nc| short\n";
    assert_eq!(masked_text(&[key], log), "a| [masked]\nb| [masked]\nc| short\n");
    assert_eq!(masked_text(&[key], key), "[masked]", "the whole is one occurrence");
    let terminal = key.replace("\r\n", "\n").replace('\n', "\r\n");
    let hidden = masked_text(&[key], &terminal);
    assert!(!hidden.contains("MIIE") && !hidden.contains("KEY"), "{hidden}");
}

#[test]
fn overlapping_values_leave_nothing_of_either() {
    assert_eq!(masked_text(&["abcdefgh", "efghijkl"], "<abcdefghijkl>"), "<[masked]>");
    assert_eq!(masked_text(&["abcdef", "abcdefghij"], "<abcdefghij>"), "<[masked]>");
    assert_eq!(masked_text(&["abcdef", "abcdefghij"], "<abcdefghi>"), "<[masked]ghi>");
    assert_eq!(masked_text(&["abcdefghij", "cdefgh"], "<abcdefghi>"), "<ab[masked]i>");
    assert_eq!(masked_text(&["aaaaaa"], "aaaaaaaaa"), "[masked]");
    assert_eq!(masked_text(&["abcdef"], "abcdefabcdef"), "[masked][masked]");
}

#[test]
fn the_mask_tells_nothing_about_the_length() {
    for length in [6, 60, 600, 60_000] {
        let value = "v".repeat(length);
        assert_eq!(masked_text(&[&value], &value).as_bytes(), MASK);
    }
}

/// Digits of base64 that hold bits of the value may stay visible at its ends: less than a byte on
/// each side.
fn visible_base64(value: &[u8], before: &[u8], after: &[u8], url: bool) -> usize {
    let whole = [before, value, after].concat();
    let text = if url { BASE64URL.encode(&whole) } else { BASE64.encode(&whole) };
    let out = String::from_utf8(masked(&[value], text.as_bytes())).unwrap();
    let without = out.replacen("[masked]", "", 1);
    assert_ne!(without, out, "{text} is not masked at all");
    let neighbours = (before.len() + after.len()) * 8 / 6;
    without.trim_end_matches('=').len().saturating_sub(neighbours)
}

proptest! {
    #[test]
    fn base64_is_masked_at_every_alignment(
        value in prop::collection::vec(any::<u8>(), 8..80),
        before in prop::collection::vec(any::<u8>(), 0..9),
        after in prop::collection::vec(any::<u8>(), 0..9), url in any::<bool>(),
    ) {
        prop_assert!(visible_base64(&value, &before, &after, url) <= 2);
    }

    #[test]
    fn base64_of_the_value_alone_disappears(value in prop::collection::vec(any::<u8>(), 8..80)) {
        let mut padding = BASE64.encode(&value);
        padding.retain(|c| c == '=');
        for text in [BASE64.encode(&value), BASE64URL.encode(&value)] {
            let out = masked(&[&value], text.as_bytes());
            prop_assert_eq!(out, [MASK, padding.as_bytes()].concat());
        }
        let out = masked(&[&value], BASE64URL_NOPAD.encode(&value).as_bytes());
        prop_assert_eq!(out, MASK);
    }

    #[test]
    fn hexadecimal_is_masked_in_both_cases(value in prop::collection::vec(any::<u8>(), 6..80)) {
        for text in [HEXLOWER.encode(&value), HEXUPPER.encode(&value)] {
            prop_assert_eq!(masked(&[&value], text.as_bytes()), MASK);
        }
    }

    #[test]
    fn json_strings_are_masked_as_serde_writes_them(value in "[ -~\n\t\u{1}äß€😀\"\\\\/]{8,40}") {
        let json = serde_json::to_string(&serde_json::json!({"key": &value})).unwrap();
        let out = masked_text(&[&value], &json);
        prop_assert_eq!(out, "{\"key\":\"[masked]\"}");
    }
}

#[test]
fn json_is_masked_as_other_languages_write_it() {
    let value = "p/ä😀<&>'\"\\\n\u{1f}end";
    for (writer, text) in [
        ("json.dumps of Python", "p/\\u00e4\\ud83d\\ude00<&>'\\\"\\\\\\n\\u001fend"),
        ("encoding/json of Go", "p/ä😀\\u003c\\u0026\\u003e'\\\"\\\\\\n\\u001fend"),
        ("json_encode of PHP", "p\\/\\u00e4\\ud83d\\ude00<&>'\\\"\\\\\\n\\u001fend"),
        ("Newtonsoft of .NET, HTML-safe", "p/ä😀\\u003c\\u0026\\u003e\\u0027\\\"\\\\\\n\\u001fend"),
        ("System.Text.Json of .NET", "p/\\u00E4\\uD83D\\uDE00<&>'\\\"\\\\\\n\\u001Fend"),
    ] {
        if writer.contains("Go") {
            // Go leaves the apostrophe as it is; the value without it shows the rest of its habits.
            let value = value.replace('\'', "");
            assert_eq!(masked_text(&[&value], &text.replace('\'', "")), "[masked]", "{writer}");
        } else {
            assert_eq!(masked_text(&[value], text), "[masked]", "{writer}");
        }
    }
}

#[test]
fn percent_encoding_is_masked_as_each_encoder_writes_it() {
    let value = "a b+c/d?e=ä&f!(x)*'~";
    for (writer, text) in [
        ("encodeURIComponent", "a%20b%2Bc%2Fd%3Fe%3D%C3%A4%26f!(x)*'~"),
        ("encodeURI", "a%20b+c/d?e=%C3%A4&f!(x)*'~"),
        ("quote of Python", "a%20b%2Bc/d%3Fe%3D%C3%A4%26f%21%28x%29%2A%27~"),
        ("RFC 3986", "a%20b%2Bc%2Fd%3Fe%3D%C3%A4%26f%21%28x%29%2A%27~"),
        ("RFC 3986, small digits", "a%20b%2bc%2fd%3fe%3d%c3%a4%26f%21%28x%29%2a%27~"),
        ("form data", "a+b%2Bc%2Fd%3Fe%3D%C3%A4%26f%21%28x%29*%27%7E"),
    ] {
        assert_eq!(masked_text(&[value], text), "[masked]", "{writer}");
    }
    let every: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(masked_text(&[value], &every), "[masked]");
}

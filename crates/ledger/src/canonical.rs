//! Canonical JSON: one value has exactly one text.
//!
//! Always true
//! 1. Keys are sorted by their UTF-16 code units, there is no white space, and numbers are
//!    integers.
//! 2. The text depends on the value alone, not on a feature of the JSON library such as insertion
//!    order.
//!
//! Source: RFC 8785 (JCS), restricted to strings, integers, booleans, null, arrays and objects. A
//! fraction is written as a string, because two encoders may disagree about its digits.

use serde_json::Value;

/// Writes `value` in its one form.
#[must_use]
pub fn to_canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) if number.is_f64() => string(&number.to_string(), out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
            out.push('{');
            for (position, (key, field)) in fields.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(field, out);
            }
            out.push('}');
        }
    }
}

/// RFC 8785 section 3.2.2.2: the two-character escapes where JSON has one, `\u00xx` for the other
/// control characters, everything else as it is.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

//! The inside of a JSON string, as common encoders write it.

use std::fmt::Write as _;

/// What an encoder escapes beyond what RFC 8259 asks for.
#[derive(Clone, Copy)]
struct Habits {
    /// `/` as `\/`.
    slash: bool,
    /// Everything beyond ASCII as `\u`.
    ascii: bool,
    /// `<`, `>`, `&` and `'` as `\u`.
    html: bool,
    /// Control characters as `\u` even where there is a short escape.
    long: bool,
    /// The digits of `\u` in capitals.
    capitals: bool,
}

pub(super) fn forms(text: &str, add: &mut impl FnMut(Vec<u8>)) {
    for bits in 0_u8..32 {
        let habit = |bit: u8| bits >> bit & 1 == 1;
        let habits = Habits {
            slash: habit(0),
            ascii: habit(1),
            html: habit(2),
            long: habit(3),
            capitals: habit(4),
        };
        let mut out = String::with_capacity(text.len() * 2);
        text.chars().for_each(|c| escape(c, habits, &mut out));
        add(out.into_bytes());
    }
}

fn escape(c: char, habits: Habits, out: &mut String) {
    let short = match c {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        '/' if habits.slash => Some("\\/"),
        '\u{8}' if !habits.long => Some("\\b"),
        '\t' if !habits.long => Some("\\t"),
        '\n' if !habits.long => Some("\\n"),
        '\u{c}' if !habits.long => Some("\\f"),
        '\r' if !habits.long => Some("\\r"),
        _ => None,
    };
    if let Some(short) = short {
        return out.push_str(short);
    }
    let escaped = c < ' '
        || (habits.ascii && c > '~')
        || (habits.html && matches!(c, '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}'));
    if !escaped {
        return out.push(c);
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String does not fail.
        let _ = if habits.capitals {
            write!(out, "\\u{unit:04X}")
        } else {
            write!(out, "\\u{unit:04x}")
        };
    }
}

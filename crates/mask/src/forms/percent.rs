//! Percent-encoding, as its common encoders disagree about which characters need it.

/// Which bytes stay as they are.
type Kept = fn(u8) -> bool;

/// JavaScript's `encodeURIComponent`.
const fn component(byte: u8) -> bool {
    rfc3986(byte) || matches!(byte, b'!' | b'*' | b'\'' | b'(' | b')')
}

/// RFC 3986 section 2.3, unreserved.
const fn rfc3986(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// A whole URI: reserved characters stay.
const fn whole_uri(byte: u8) -> bool {
    component(byte)
        || matches!(
            byte,
            b';' | b',' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b'#'
        )
}

/// A path: slashes stay.
const fn path(byte: u8) -> bool {
    rfc3986(byte) || byte == b'/'
}

/// Form data, where a space is `+`.
const fn form(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*' | b' ')
}

const fn none(_: u8) -> bool {
    false
}

pub(super) fn forms(value: &[u8], add: &mut impl FnMut(Vec<u8>)) {
    let encoders: [(Kept, u8); 6] = [
        (component, b' '),
        (rfc3986, b' '),
        (whole_uri, b' '),
        (path, b' '),
        (form, b'+'),
        (none, b' '),
    ];
    for (kept, space) in encoders {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            add(encoded(value, kept, space, digits));
        }
    }
}

fn encoded(value: &[u8], kept: Kept, space: u8, digits: &[u8; 16]) -> Vec<u8> {
    let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut out = Vec::with_capacity(value.len() * 3);
    for &byte in value {
        match byte {
            b' ' if kept(byte) => out.push(space),
            _ if kept(byte) => out.push(byte),
            _ => out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0x0f)]),
        }
    }
    out
}

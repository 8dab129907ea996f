//! Crockford's base 32: digits and letters without I, L, O and U, five bits each.
//!
//! Source: Douglas Crockford, "Base 32"; the symbols that people confuse are read as the one that
//! was meant.

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The symbol of the low five bits of `value`.
pub(super) fn symbol(value: u64) -> char {
    let place = usize::try_from(value & 31).unwrap_or(0);
    SYMBOLS.get(place).map_or('0', |byte| char::from(*byte))
}

/// The last `count` symbols of `value`, most significant first.
pub(super) fn write(value: u64, count: u32) -> String {
    (0..count).rev().map(|place| symbol(value >> (5 * place))).collect()
}

/// The five-bit values of a text, without its spaces and hyphens; `None` when a character is no
/// symbol or there are more than `max` symbols.
pub(super) fn read(text: &str, max: usize) -> Option<Vec<u8>> {
    // A hostile text may be long: it is cut before anything is allocated for it.
    if text.len() > max * 4 {
        return None;
    }
    let values: Vec<u8> =
        text.chars().filter(|c| !matches!(c, ' ' | '-')).map(value).collect::<Option<_>>()?;
    (values.len() <= max).then_some(values)
}

/// The number that up to twelve five-bit values spell.
pub(super) fn number(values: &[u8]) -> u64 {
    debug_assert!(values.len() <= 12, "twelve symbols fill 60 of 64 bits");
    values.iter().fold(0, |number, value| (number << 5) | u64::from(*value))
}

/// Splits a text of symbols into groups of four with hyphens.
pub(super) fn grouped(symbols: &str) -> String {
    symbols.chars().enumerate().fold(
        String::with_capacity(symbols.len() * 2),
        |mut text, (i, c)| {
            if i > 0 && i % 4 == 0 {
                text.push('-');
            }
            text.push(c);
            text
        },
    )
}

fn value(c: char) -> Option<u8> {
    let meant = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = SYMBOLS.iter().position(|symbol| char::from(*symbol) == meant)?;
    u8::try_from(place).ok()
}

//! A span of time as people write it: `90d`, `12h`, `30m`, `45s`.

use std::str::FromStr;

/// A span, in milliseconds; at most ten thousand days, so that a moment plus it is one still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) i64);

/// A text that is no span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number and d, h, m or s, like 90d")]
pub(crate) struct NotASpan;

const DAY_MS: i64 = 24 * 3_600 * 1_000;
const MS_MAX: i64 = 10_000 * DAY_MS;

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let unit = text.chars().last().ok_or(NotASpan)?;
        let number = text.strip_suffix(unit).ok_or(NotASpan)?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotASpan);
        }
        let unit_ms = match unit {
            'd' => DAY_MS,
            'h' => 3_600_000,
            'm' => 60_000,
            's' => 1_000,
            _ => return Err(NotASpan),
        };
        let ms = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit_ms));
        ms.filter(|ms| *ms <= MS_MAX).map(Self).ok_or(NotASpan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_nothing_else_is() {
        for (text, ms) in [("90d", 90 * DAY_MS), ("12h", 43_200_000), ("0s", 0), ("30m", 1_800_000)]
        {
            assert_eq!(text.parse(), Ok(Span(ms)));
        }
        for text in ["", "d", "90", "-1d", "+1d", "1.5h", "90D", "1w", "99999999999999999d", "9 d"]
        {
            assert_eq!(text.parse::<Span>(), Err(NotASpan), "{text:?}");
        }
    }
}

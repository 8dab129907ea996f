//! A moment as people write it: `2h` (ago), `2026-11-20`, or `2026-11-20T14:05:33Z`.

use std::str::FromStr;

use domain::TimeMs;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use crate::span::Span;

/// A moment, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A point in time.
    At(TimeMs),
    /// So long before now.
    Ago(Span),
}

/// A text that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("2h, 2026-11-20 or 2026-11-20T14:05:33Z")]
pub(crate) struct NotAMoment;

impl Moment {
    /// The moment, looked at now.
    pub(crate) const fn seen_at(self, now: TimeMs) -> TimeMs {
        match self {
            Self::At(at) => at,
            Self::Ago(Span(ms)) => now.plus_ms(-ms),
        }
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        if let Ok(span) = text.parse::<Span>() {
            return Ok(Self::Ago(span));
        }
        // A date alone is its first moment, in UTC.
        let whole = if text.contains(['T', 't', ' ']) {
            text.to_owned()
        } else {
            format!("{text}T00:00:00Z")
        };
        let read = OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| NotAMoment)?;
        if read.date() == Date::MIN || read.date() == Date::MAX {
            return Err(NotAMoment);
        }
        let ms = read.unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(ms).map(|ms| Self::At(TimeMs(ms))).map_err(|_| NotAMoment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_three_forms_and_nothing_else_is() {
        let day = 1_795_132_800_000;
        for (text, ms) in [
            ("2026-11-20", day),
            ("2026-11-20T14:05:33Z", day + 50_733_000),
            ("2026-11-20T14:05:33.250Z", day + 50_733_250),
            ("2026-11-20T15:05:33+01:00", day + 50_733_000),
        ] {
            assert_eq!(text.parse(), Ok(Moment::At(TimeMs(ms))), "{text}");
        }
        let ago: Moment = "2h".parse().unwrap();
        assert_eq!(ago.seen_at(TimeMs(day)), TimeMs(day - 7_200_000));
        for text in ["", "now", "2026", "2026-13-01", "2026-02-30", "14:05", "-2h", "2026-11-20T"] {
            assert_eq!(text.parse::<Moment>(), Err(NotAMoment), "{text:?}");
        }
    }
}

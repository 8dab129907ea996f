//! How long a key lives: at its birth, and beside its successor.
//!
//! Always true: a key that ends, ends in the future and within [`limits::KEY_LIFE_MS_MAX`]; an
//! overlap never makes a key live longer than it would have.

use domain::{TimeMs, limits};
use store::ApiKey;

use crate::team::TeamError;

/// The end of a new key, if it is to have one.
///
/// # Errors
/// [`TeamError::Bound`].
pub(super) fn end(now: TimeMs, asked: Option<TimeMs>) -> Result<Option<TimeMs>, TeamError> {
    let within = |end: &TimeMs| now < *end && end.since_ms(now) <= limits::KEY_LIFE_MS_MAX;
    match asked {
        Some(end) if !within(&end) => Err(TeamError::Bound {
            field: "expires_at_ms",
            rule: "it must be in the future, and within 366 days",
        }),
        asked => Ok(asked),
    }
}

/// The end of a key that gets a successor now.
///
/// # Errors
/// [`TeamError::Bound`].
pub(super) fn overlap(now: TimeMs, key: &ApiKey, asked: Option<i64>) -> Result<TimeMs, TeamError> {
    let ms = asked.unwrap_or(limits::KEY_OVERLAP_MS_DEFAULT);
    if !(0..=limits::KEY_OVERLAP_MS_MAX).contains(&ms) {
        let rule = "it must be between 0 and 7 days";
        return Err(TeamError::Bound { field: "overlap_ms", rule });
    }
    let end = now.plus_ms(ms);
    Ok(key.expires_at.map_or(end, |own| own.min(end)))
}

/// The end of the successor: as long a life as the key was given itself.
pub(super) fn inherited(now: TimeMs, key: &ApiKey) -> Option<TimeMs> {
    let life = key.expires_at?.since_ms(key.created_at);
    Some(now.plus_ms(life.clamp(1, limits::KEY_LIFE_MS_MAX)))
}

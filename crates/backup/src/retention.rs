//! Throwing old backups away.
//!
//! Always true
//! 1. The newest backup is kept whatever the rule says.
//! 2. A note goes before its contents and its parts: cut off anywhere, every note that is there is
//!    whole.
//! 3. A part goes only when no note that is left speaks of it; a note that cannot be read stops
//!    the sweep, since its parts are not known.

use std::collections::BTreeSet;

use domain::{InstanceId, TimeMs};

use crate::note::Kind;
use crate::place::Place;
use crate::reader::{Backup, ReadError, list, names};

/// Which backups are kept: the newest `count`, and every one younger than `age_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// At least this many.
    pub count: usize,
    /// And none that is younger is removed.
    pub age_ms: i64,
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Backups.
    pub backups: usize,
    /// Parts.
    pub parts: usize,
}

/// Removes the backups that the rule does not keep, and every part that none of the others needs.
///
/// # Errors
/// [`ReadError`]; what was removed by then is gone, and what is left is whole.
pub fn sweep(
    place: &Place,
    (instance, kind): (InstanceId, Kind),
    keep: Keep,
    now: TimeMs,
) -> Result<Swept, ReadError> {
    let (mut swept, mut needed) = (Swept::default(), BTreeSet::new());
    let listed = list(place, instance, kind)?;
    let newest = listed.len().saturating_sub(keep.count.max(1));
    for (place_in_order, listed) in listed.into_iter().enumerate() {
        let (number, note) = (listed.number, listed.note?);
        let old = now.since_ms(note.made_at) > keep.age_ms;
        if place_in_order < newest && old {
            place.remove(&names::note(instance, kind, number))?;
            place.remove(&names::contents(instance, kind, number))?;
            swept.backups += 1;
        } else {
            let kept = Backup::open(place, (instance, kind), number)?;
            needed.extend(kept.parts().map(str::to_owned));
        }
    }
    for part in place.list(&names::parts(instance, kind))? {
        if !needed.contains(&part) {
            place.remove(&names::part(instance, kind, &part))?;
            swept.parts += 1;
        }
    }
    Ok(swept)
}

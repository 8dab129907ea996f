//! What a change of standing adds: at which places, which acts, now or whenever an override ends.
//!
//! Always true: an act that a member would hold at a place, at any later moment and without a further call, and
//! would not have held there without the change, is in the answer.

use std::collections::BTreeSet;

use super::{ActSet, Place, Standing};
use crate::TimeMs;

/// The acts that somebody gains at each place when `before` becomes `after`; `None` is somebody not in the team.
/// Projects that neither standing names are answered by the workspace as a whole.
pub(super) fn gains(
    before: Option<&Standing>,
    after: &Standing,
    now: TimeMs,
) -> Vec<(Place, ActSet)> {
    let moments = moments(before, after, now);
    let gain = |place| {
        moments
            .iter()
            .map(|at| after.effective(place, *at).difference(held(before, after, place, *at)))
            .fold(ActSet::EMPTY, ActSet::union)
    };
    places(before, after).into_iter().map(|place| (place, gain(place))).collect()
}

/// What `before` holds. When `after` comes to reach every project, the rights it has in projects that nobody named
/// are all new, so the workspace's answer counts nothing as held.
fn held(before: Option<&Standing>, after: &Standing, place: Place, at: TimeMs) -> ActSet {
    before
        .filter(|before| {
            let reaches_more =
                after.role.reaches_all_projects() && !before.role.reaches_all_projects();
            place != Place::Workspace || !reaches_more
        })
        .map_or(ActSet::EMPTY, |before| before.effective(place, at))
}

fn places(before: Option<&Standing>, after: &Standing) -> BTreeSet<Place> {
    let named = |standing: &Standing| {
        let overridden = standing.overrides.iter().filter_map(|one| one.project);
        standing.projects.iter().copied().chain(overridden).map(Place::Project).collect::<Vec<_>>()
    };
    let mut places: BTreeSet<Place> = named(after).into_iter().collect();
    places.extend(before.map(named).unwrap_or_default());
    places.insert(Place::Workspace);
    places
}

/// Now, and each later moment at which an override of either standing ends: between them nothing changes.
fn moments(before: Option<&Standing>, after: &Standing, now: TimeMs) -> BTreeSet<TimeMs> {
    before
        .into_iter()
        .chain([after])
        .flat_map(|standing| standing.overrides.iter())
        .filter_map(|one| one.expires_at_ms)
        .filter(|end| *end > now)
        .chain([now])
        .collect()
}

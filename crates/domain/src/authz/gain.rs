//! What a change of standing adds: at which places, which acts, now or whenever an override ends.
//!
//! Always true: an act that a member would hold at a place, at any later moment and without a
//! further call, and would not have held there without the change, is in the answer.

use std::collections::BTreeSet;

use super::{ActSet, Authority, Place, Standing};
use crate::{ProjectId, TimeMs};

/// The acts that somebody gains at each place when `actor` makes `after` out of `before`; `None` is
/// somebody not in the team. Projects that none of the three names are answered by the workspace as
/// a whole.
pub(super) fn gains(
    actor: &Authority,
    before: Option<&Standing>,
    after: &Standing,
) -> Vec<(Place, ActSet)> {
    let moments = moments(before, after, actor.now);
    let gain = |place| {
        moments
            .iter()
            .map(|at| after.effective(place, *at).difference(held(before, after, place, *at)))
            .fold(ActSet::EMPTY, ActSet::union)
    };
    let standings = [Some(&actor.standing), before, Some(after)].into_iter().flatten();
    let named: BTreeSet<ProjectId> = standings.flat_map(named_projects).collect();
    let projects = named.into_iter().map(Place::Project);
    projects.chain([Place::Workspace]).map(|place| (place, gain(place))).collect()
}

/// What `before` holds. When `after` comes to reach every project, the rights it has in projects
/// that nobody named are all new, so the workspace's answer counts nothing as held.
fn held(before: Option<&Standing>, after: &Standing, place: Place, at: TimeMs) -> ActSet {
    before
        .filter(|before| {
            let reaches_more =
                after.role.reaches_all_projects() && !before.role.reaches_all_projects();
            place != Place::Workspace || !reaches_more
        })
        .map_or(ActSet::EMPTY, |before| before.effective(place, at))
}

/// The projects in which this standing may differ from what it is in the workspace as a whole.
fn named_projects(standing: &Standing) -> impl Iterator<Item = ProjectId> {
    let overridden = standing.overrides.iter().filter_map(|one| one.project);
    standing.projects.iter().copied().chain(overridden)
}

/// Now, and each later moment at which an override of either standing ends: between them nothing
/// changes.
fn moments(before: Option<&Standing>, after: &Standing, now: TimeMs) -> BTreeSet<TimeMs> {
    let standings = [before, Some(after)].into_iter().flatten();
    standings
        .flat_map(|standing| standing.overrides.iter())
        .filter_map(|one| one.expires_at_ms)
        .filter(|end| *end > now)
        .chain([now])
        .collect()
}

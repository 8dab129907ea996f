//! What one actor may do at one place, right now.
//!
//! Always true
//! 1. Nobody holds any act in a project they do not reach.
//! 2. An API key holds what its creator holds now, cut to the key's scopes, and never passes for a
//!    person.

use std::collections::BTreeSet;

use super::{Act, ActSet, Effect, Overrides, Role};
use crate::{ProjectId, TimeMs, UserId, limits};

/// Where an act takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The workspace as a whole.
    Workspace,
    /// One project.
    Project(ProjectId),
}

/// A member's place in the team, as loaded from the team's rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The member.
    pub user: UserId,
    /// The rank.
    pub role: Role,
    /// Single acts granted or denied.
    pub overrides: Overrides,
    /// Projects the member was invited to.
    pub projects: BTreeSet<ProjectId>,
}

impl Standing {
    /// The acts this member holds at `place`: base rights and grants, less denies; none in a
    /// project that the member does not reach.
    #[must_use]
    pub fn effective(&self, place: Place, now: TimeMs) -> ActSet {
        if let Place::Project(project) = place
            && !self.reaches(project)
        {
            return ActSet::EMPTY;
        }
        self.role
            .base_rights()
            .union(self.overrides.acts(Effect::Grant, place, now))
            .difference(self.overrides.acts(Effect::Deny, place, now))
    }

    /// Whether the member reaches this project at all (TEN-6).
    #[must_use]
    pub fn reaches(&self, project: ProjectId) -> bool {
        self.role.reaches_all_projects() || self.projects.contains(&project)
    }
}

/// Why an act was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The actor may not know that this exists.
    #[error("there is no such thing, or it is not visible to the caller")]
    NotVisible,
    /// The actor's role and overrides do not hold the act.
    #[error("the caller's role does not allow {0}")]
    ActNotHeld(Act),
    /// The API key was not given this act.
    #[error("the API key has no scope for {0}")]
    KeyScopeMissing(Act),
    /// The act needs a second factor given a short while ago.
    #[error("{0} needs a fresh second factor")]
    FactorNotFresh(Act),
    /// The act needs a person; an API key or a job cannot do it.
    #[error("{0} needs a signed-in person")]
    PersonNeeded(Act),
    /// The workspace does not allow local use of production secrets.
    #[error("this workspace does not allow local use of production secrets")]
    ProductionStaysInside,
}

/// An actor with everything a rule needs to know: the standing of the person behind it, the key's
/// scopes if it is a key, when the last factor was given, and the time.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The person (for a key, its creator; for a job, its principal).
    pub standing: Standing,
    /// `Some` for an API key: never more than these acts.
    pub ceiling: Option<ActSet>,
    /// When the person last gave a second factor; `None` for keys and jobs.
    pub factor_at: Option<TimeMs>,
    /// The moment of the decision.
    pub now: TimeMs,
}

impl Authority {
    /// What the actor holds at `place`: the person's effective rights, cut to the key's scopes.
    #[must_use]
    pub fn effective(&self, place: Place) -> ActSet {
        let held = self.standing.effective(place, self.now);
        self.ceiling.map_or(held, |scopes| held.intersection(scopes))
    }

    /// Whether the actor may do `act` at `place`.
    ///
    /// # Errors
    /// [`Denied`], in this order: not visible, no key scope, not held, no person, factor not fresh.
    pub fn check(&self, act: Act, place: Place) -> Result<(), Denied> {
        if let Place::Project(project) = place
            && !self.standing.reaches(project)
        {
            return Err(Denied::NotVisible);
        }
        if self.ceiling.is_some_and(|scopes| !scopes.contains(act)) {
            return Err(Denied::KeyScopeMissing(act));
        }
        if !self.effective(place).contains(act) {
            return Err(Denied::ActNotHeld(act));
        }
        if act.needs_fresh_factor() { self.check_factor(act) } else { Ok(()) }
    }

    /// A key is never a person, even if its row claimed a factor. A factor from the future is not
    /// fresh: it would stay fresh for as long as the clock was wrong.
    fn check_factor(&self, act: Act) -> Result<(), Denied> {
        let given = self.factor_at.filter(|_| self.ceiling.is_none());
        let given = given.ok_or(Denied::PersonNeeded(act))?;
        if factor_is_fresh(given, self.now) { Ok(()) } else { Err(Denied::FactorNotFresh(act)) }
    }

    /// Whether a person asks, who gave a second factor a short while ago.
    ///
    /// # Errors
    /// [`Denied::PersonNeeded`] or [`Denied::FactorNotFresh`], with the act it is asked for.
    pub(super) fn check_person(&self, act: Act) -> Result<(), Denied> {
        self.check_factor(act)
    }
}

/// Whether a second factor given at `given` is fresh now. One from the future is not: it would stay
/// fresh for as long as the clock was wrong.
#[must_use]
pub fn factor_is_fresh(given: TimeMs, now: TimeMs) -> bool {
    (-limits::CLOCK_SKEW_MS_MAX..=limits::FACTOR_FRESH_MS).contains(&now.since_ms(given))
}

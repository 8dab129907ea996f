//! Per-member overrides: single acts granted or denied, for the workspace or one project, until an optional date.

use serde::{Deserialize, Serialize};

use super::{Act, ActSet, Place};
use crate::{ProjectId, TimeMs, limits};

/// What an override does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The member may, although the role says no.
    Grant,
    /// The member may not, whatever the role or a grant says.
    Deny,
}

/// One override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Override {
    /// The act.
    pub act: Act,
    /// Granted or denied.
    pub effect: Effect,
    /// Only in this project; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Ends at this moment; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<TimeMs>,
}

/// Why a list of overrides was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverridesError {
    /// More than [`limits::OVERRIDES_PER_MEMBER_MAX`].
    #[error("a member has at most {} overrides", limits::OVERRIDES_PER_MEMBER_MAX)]
    TooMany,
    /// The same act is listed twice for the same place.
    #[error("an act is overridden at most once per place")]
    Repeated,
}

/// A member's overrides: bounded, each act at most once per place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Override>", into = "Vec<Override>")]
pub struct Overrides(Vec<Override>);

impl Overrides {
    /// Checks and sorts a list.
    ///
    /// # Errors
    /// [`OverridesError`]: too many, or one repeated.
    pub fn new(mut list: Vec<Override>) -> Result<Self, OverridesError> {
        if list.len() > limits::OVERRIDES_PER_MEMBER_MAX {
            return Err(OverridesError::TooMany);
        }
        list.sort_by_key(|o| (o.act, o.project));
        let repeated = list
            .iter()
            .zip(list.iter().skip(1))
            .any(|(a, b)| (a.act, a.project) == (b.act, b.project));
        if repeated { Err(OverridesError::Repeated) } else { Ok(Self(list)) }
    }

    /// The overrides, ordered by act and place.
    pub fn iter(&self) -> impl Iterator<Item = &Override> {
        self.0.iter()
    }

    /// Acts with this effect that hold at `place` and have not expired at `now`.
    #[must_use]
    pub fn acts(&self, effect: Effect, place: Place, now: TimeMs) -> ActSet {
        self.0
            .iter()
            .filter(|o| o.effect == effect)
            .filter(|o| o.expires_at_ms.is_none_or(|end| now < end))
            .filter(|o| o.project.is_none_or(|project| place == Place::Project(project)))
            .map(|o| o.act)
            .collect()
    }

    /// The same list without its grants: what is left after a change of role.
    #[must_use]
    pub fn without_grants(&self) -> Self {
        Self(self.0.iter().copied().filter(|o| o.effect == Effect::Deny).collect())
    }
}

impl TryFrom<Vec<Override>> for Overrides {
    type Error = OverridesError;

    fn try_from(list: Vec<Override>) -> Result<Self, OverridesError> {
        Self::new(list)
    }
}

impl From<Overrides> for Vec<Override> {
    fn from(overrides: Overrides) -> Self {
        overrides.0
    }
}

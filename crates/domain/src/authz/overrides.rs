//! Per-member overrides: single acts granted or denied, for the workspace or one project, until an
//! optional date.

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const NOW: TimeMs = TimeMs(1_000);

    fn one() -> impl Strategy<Value = Override> {
        let act = proptest::sample::select(Act::ALL);
        let effect = prop_oneof![Just(Effect::Grant), Just(Effect::Deny)];
        let project = proptest::option::of((1..3u128).prop_map(|n| Uuid::from_u128(n).into()));
        let end = proptest::option::of((0..2_000i64).prop_map(TimeMs));
        (act, effect, project, end).prop_map(|(act, effect, project, expires_at_ms)| Override {
            act,
            effect,
            project,
            expires_at_ms,
        })
    }

    proptest! {
        #[test]
        fn a_list_is_bounded_sorted_and_says_one_thing_per_place(
            list in proptest::collection::vec(one(), 0..40),
        ) {
            let mut places: Vec<_> = list.iter().map(|o| (o.act, o.project)).collect();
            places.sort();
            places.dedup();
            let few = list.len() <= limits::OVERRIDES_PER_MEMBER_MAX;
            let lawful = few && places.len() == list.len();
            let parsed = Overrides::new(list);
            prop_assert_eq!(parsed.is_ok(), lawful);
            if let Ok(overrides) = parsed {
                let kept: Vec<_> = overrides.iter().map(|o| (o.act, o.project)).collect();
                prop_assert_eq!(kept, places);
                let json = serde_json::to_string(&overrides).unwrap();
                prop_assert_eq!(serde_json::from_str::<Overrides>(&json).unwrap(), overrides);
            }
        }

        #[test]
        fn an_override_counts_at_its_place_until_its_end(one in one()) {
            let overrides = Overrides::new(vec![one]).unwrap();
            let lives = one.expires_at_ms.is_none_or(|end| NOW < end);
            for project in [1, 2].map(|n| Uuid::from_u128(n).into()) {
                let here = one.project.is_none_or(|at| at == project);
                let acts = overrides.acts(one.effect, Place::Project(project), NOW);
                prop_assert_eq!(acts.contains(one.act), lives && here);
            }
            let acts = overrides.acts(one.effect, Place::Workspace, NOW);
            prop_assert_eq!(acts.contains(one.act), lives && one.project.is_none());
            let stays = overrides.without_grants().iter().count() == 1;
            prop_assert_eq!(stays, one.effect == Effect::Deny);
        }
    }

    #[test]
    fn granting_and_denying_the_same_act_at_once_is_refused() {
        let [grant, deny] = [Effect::Grant, Effect::Deny].map(|effect| Override {
            act: Act::SecretReveal,
            effect,
            project: None,
            expires_at_ms: None,
        });
        assert_eq!(Overrides::new(vec![grant, deny]), Err(OverridesError::Repeated));
    }

    #[test]
    fn json_with_a_repeated_override_is_refused() {
        let one = r#"{"act":"secret.reveal","effect":"grant"}"#;
        assert!(serde_json::from_str::<Overrides>(&format!("[{one}]")).is_ok());
        assert!(serde_json::from_str::<Overrides>(&format!("[{one},{one}]")).is_err());
    }
}

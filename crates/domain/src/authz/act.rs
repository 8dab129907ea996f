//! The closed list of acts, and sets of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! acts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Something a member may or may not do. New nouns bring new acts; nothing is allowed that
        /// is not listed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Act {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Act {
            /// Every act.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in overrides, key scopes, problems and entries.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

acts! {
    /// See the workspace's name and settings.
    WorkspaceRead = "workspace.read",
    /// Change the workspace's settings.
    WorkspaceUpdate = "workspace.update",
    /// Delete the workspace.
    WorkspaceDelete = "workspace.delete",
    /// Hand the workspace to another member.
    WorkspaceTransfer = "workspace.transfer",
    /// See who is in the team.
    MemberList = "member.list",
    /// Invite somebody, or take an invitation back.
    MemberInvite = "member.invite",
    /// Change a member's role.
    MemberChangeRole = "member.change_role",
    /// Grant or deny single acts to a member.
    MemberOverride = "member.override",
    /// Remove a member.
    MemberRemove = "member.remove",
    /// See a project and its environments.
    ProjectRead = "project.read",
    /// Create a project.
    ProjectCreate = "project.create",
    /// Let a member into a project, or out of it.
    ProjectInvite = "project.invite",
    /// Create an environment in a project.
    EnvironmentCreate = "environment.create",
    /// See names, versions and dates of secrets, masked.
    SecretList = "secret.list",
    /// Set a secret for the first time.
    SecretSet = "secret.set",
    /// Give a secret a new version.
    SecretRotate = "secret.rotate",
    /// Delete a secret.
    SecretDelete = "secret.delete",
    /// Read a secret's value.
    SecretReveal = "secret.reveal",
    /// Start a program on one's own machine with an environment's secrets.
    SecretUseLocally = "secret.use_locally",
    /// See API keys, without their secrets.
    KeyList = "key.list",
    /// Create an API key.
    KeyCreate = "key.create",
    /// Revoke an API key.
    KeyRevoke = "key.revoke",
    /// See how people may sign in to the workspace.
    SignInRead = "sign_in.read",
    /// Change how people may sign in: policy, identity providers, e-mail domains.
    SignInManage = "sign_in.manage",
    /// See the ages of the workspace's sealing keys, and who had records opened.
    SealingRead = "sealing_key.read",
    /// Have the workspace's sealing keys rotated, and say how often.
    SealingRotate = "sealing_key.rotate",
    /// Read the audit log.
    AuditRead = "audit.read",
    /// Read and export the security log: sign-ins, failures and uses of credentials.
    SecurityRead = "security.read",
    /// Export the audit log with its proofs.
    AuditExport = "audit.export",
    /// Place a hold on the security log, so that nothing of it is dropped, or lift it.
    AuditHold = "audit.hold",
    /// See where the workspace's logs are sent, and how that goes.
    AuditStreamRead = "audit_stream.read",
    /// Have the workspace's logs sent somewhere, or no more.
    AuditStreamManage = "audit_stream.manage",
}

/// A text that names no act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such act")]
pub struct UnknownAct;

impl Act {
    /// Whether this act needs a second factor given within [`crate::limits::FACTOR_FRESH_MS`]. An
    /// API key has no factor, so it can never do these.
    #[must_use]
    pub const fn needs_fresh_factor(self) -> bool {
        matches!(
            self,
            Self::WorkspaceDelete
                | Self::WorkspaceTransfer
                | Self::SecretReveal
                | Self::SecretUseLocally
                | Self::KeyCreate
                | Self::SignInManage
                | Self::SealingRotate
                | Self::AuditHold
                | Self::AuditStreamManage
        )
    }

    /// Whether an override may grant this act. What ends or moves a workspace or gives it new keys
    /// stays with its owner, and who may come in by themselves stays with those who rank above
    /// them.
    #[must_use]
    pub const fn grantable(self) -> bool {
        !matches!(
            self,
            Self::WorkspaceDelete
                | Self::WorkspaceTransfer
                | Self::SignInManage
                | Self::SealingRotate
                | Self::AuditHold
                | Self::AuditStreamManage
        )
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Act {
    type Err = UnknownAct;

    fn from_str(text: &str) -> Result<Self, UnknownAct> {
        Self::ALL.iter().copied().find(|act| act.as_str() == text).ok_or(UnknownAct)
    }
}

/// A set of acts, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ActSet(u64);

const _: () = assert!(Act::ALL.len() <= 64, "an act is one bit of a u64");

impl ActSet {
    /// No act.
    pub const EMPTY: Self = Self(0);
    /// Every act.
    pub const ALL: Self = Self::of(Act::ALL);

    /// The set of these acts.
    #[must_use]
    pub const fn of(acts: &[Act]) -> Self {
        let mut bits = 0;
        let mut rest = acts;
        while let [first, tail @ ..] = rest {
            bits |= 1 << (*first as u32);
            rest = tail;
        }
        Self(bits)
    }

    /// Whether `act` is in the set.
    #[must_use]
    pub const fn contains(self, act: Act) -> bool {
        self.0 & (1 << (act as u32)) != 0
    }

    /// Acts in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Acts in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Acts in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every act of this set is in `other`.
    #[must_use]
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The acts, in the order of [`Act::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Act> {
        Act::ALL.iter().copied().filter(move |act| self.contains(*act))
    }
}

impl FromIterator<Act> for ActSet {
    fn from_iter<I: IntoIterator<Item = Act>>(acts: I) -> Self {
        acts.into_iter().fold(Self::EMPTY, |set, act| set.union(Self::of(&[act])))
    }
}

impl fmt::Debug for ActSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Act::as_str)).finish()
    }
}

impl Serialize for ActSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ActSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let acts = Vec::<Act>::deserialize(deserializer)?;
        Ok(acts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sets() -> impl Strategy<Value = ActSet> {
        proptest::sample::subsequence(Act::ALL, 0..=Act::ALL.len())
            .prop_map(|acts| acts.into_iter().collect())
    }

    proptest! {
        #[test]
        fn sets_of_acts_are_sets(a in sets(), b in sets()) {
            for act in Act::ALL.iter().copied() {
                let (in_a, in_b) = (a.contains(act), b.contains(act));
                prop_assert_eq!(a.union(b).contains(act), in_a || in_b);
                prop_assert_eq!(a.intersection(b).contains(act), in_a && in_b);
                prop_assert_eq!(a.difference(b).contains(act), in_a && !in_b);
            }
            prop_assert_eq!(a.is_subset_of(b), a.difference(b).is_empty());
            prop_assert_eq!(a.iter().collect::<ActSet>(), a);
            let json = serde_json::to_string(&a).unwrap();
            prop_assert_eq!(serde_json::from_str::<ActSet>(&json).unwrap(), a);
        }
    }

    #[test]
    fn every_act_has_one_name_of_noun_and_verb() {
        for act in Act::ALL.iter().copied() {
            assert_eq!(act.as_str().parse(), Ok(act));
            assert_eq!(act.as_str().split('.').count(), 2, "{act}");
            assert_eq!(serde_json::to_string(&act).unwrap(), format!("\"{act}\""));
        }
        assert_eq!("secret.reveal ".parse::<Act>(), Err(UnknownAct));
        assert!(serde_json::from_str::<ActSet>("[\"secret.*\"]").is_err());
    }
}

//! How people may enter a workspace: its policy, the providers it trusts, and the judgement of one
//! session at its door.
//!
//! Always true
//! 1. A workspace's own provider opens that workspace and nothing else, whatever another
//!    workspace's policy says: its owner could make it say anything.
//! 2. A session is judged again at every door, by the policy behind that door, on how its person
//!    really signed in.
//! 3. GitHub's word is never a second factor: it says nothing about how somebody signed in there.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::authz::Role;
use crate::{Issuer, Name, ProviderId, TenantId, TimeMs, limits};

/// The providers that an operator can switch on for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlatformProvider {
    /// Google.
    Google,
    /// Microsoft Entra ID.
    Microsoft,
    /// GitHub.
    GitHub,
}

/// A text that names no provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is google, microsoft, github, or the id of one of the workspace's own providers")]
pub struct UnknownProvider;

impl PlatformProvider {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Google, Self::Microsoft, Self::GitHub];

    /// The name in the API, the configuration and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::GitHub => "github",
        }
    }
}

/// A provider as policies and sessions name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProviderRef {
    /// One of the platform's.
    Platform(PlatformProvider),
    /// One of a workspace's own.
    Own(ProviderId),
}

impl fmt::Display for ProviderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform(provider) => f.write_str(provider.as_str()),
            Self::Own(id) => id.fmt(f),
        }
    }
}

impl FromStr for ProviderRef {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        let platform = PlatformProvider::ALL.into_iter().find(|one| one.as_str() == text);
        match platform {
            Some(provider) => Ok(Self::Platform(provider)),
            None => text.parse().map(Self::Own).map_err(|_| UnknownProvider),
        }
    }
}

impl TryFrom<String> for ProviderRef {
    type Error = UnknownProvider;
    fn try_from(text: String) -> Result<Self, UnknownProvider> {
        text.parse()
    }
}

impl From<ProviderRef> for String {
    fn from(provider: ProviderRef) -> Self {
        provider.to_string()
    }
}

/// A workspace's own provider, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// What its people call it.
    pub name: Name,
    /// Its address; discovery starts there.
    pub issuer: Issuer,
    /// What it calls this platform.
    pub client_id: String,
}

/// How people may sign in to a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInPolicy {
    /// Members enter through a provider only. The owner may always come in by password and factor.
    pub sso_only: bool,
    /// The providers that are taken; empty: the workspace's own and every one of the platform's.
    pub providers: BTreeSet<ProviderRef>,
    /// `amr` values of which one makes the provider's word count as two factors.
    pub factor_amr: BTreeSet<String>,
    /// `acr` values that do the same.
    pub factor_acr: BTreeSet<String>,
    /// Whether newcomers with an address of a proved domain come in without an invitation.
    pub provision: bool,
    /// Their role: viewer or operator.
    pub default_role: Role,
}

impl Default for SignInPolicy {
    fn default() -> Self {
        Self {
            sso_only: false,
            providers: BTreeSet::new(),
            factor_amr: BTreeSet::new(),
            factor_acr: BTreeSet::new(),
            provision: false,
            default_role: Role::Viewer,
        }
    }
}

/// Why a policy will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Newcomers would get more than operator.
    #[error("newcomers are viewers or operators")]
    DefaultRole,
    /// SSO only, and no provider to come in by.
    #[error("name the providers that people come in by")]
    NoProvider,
    /// A list or a value is too long, or a value is empty.
    #[error("at most 16 values of 1 to 128 printable characters")]
    Values,
}

impl SignInPolicy {
    /// Whether the policy makes sense.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.default_role > Role::Operator {
            return Err(PolicyError::DefaultRole);
        }
        if self.sso_only && self.providers.is_empty() {
            return Err(PolicyError::NoProvider);
        }
        let short = |values: &BTreeSet<String>| {
            values.len() <= limits::FACTOR_VALUES_MAX && values.iter().all(|one| is_value(one))
        };
        let fits = short(&self.factor_amr)
            && short(&self.factor_acr)
            && self.providers.len() <= limits::FACTOR_VALUES_MAX;
        if fits { Ok(()) } else { Err(PolicyError::Values) }
    }

    /// Whether the workspace takes this provider's word about who somebody is.
    #[must_use]
    pub fn takes(&self, provider: ProviderRef) -> bool {
        self.providers.is_empty() || self.providers.contains(&provider)
    }

    /// Whether what the provider said about the sign-in counts as two factors here.
    #[must_use]
    pub fn counts(&self, provider: ProviderRef, said: &UpstreamClaims) -> bool {
        provider != ProviderRef::Platform(PlatformProvider::GitHub)
            && (said.amr.iter().any(|one| self.factor_amr.contains(one))
                || said.acr.as_ref().is_some_and(|one| self.factor_acr.contains(one)))
    }
}

/// Whether a text can be an `amr` or `acr` value.
#[must_use]
pub fn is_value(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= limits::FACTOR_VALUE_CHARS_MAX
        && text.bytes().all(|b| b.is_ascii_graphic())
}

/// What a provider said about how somebody signed in there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamClaims {
    /// `amr` (RFC 8176).
    pub amr: Vec<String>,
    /// `acr`.
    pub acr: Option<String>,
}

/// Whose second factor a session stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorOf {
    /// The person's own, enrolled here.
    Person,
    /// The provider's, as it said.
    Provider(UpstreamClaims),
}

/// How the person of a session signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInPath {
    /// By what is enrolled here: a password or a passkey.
    Local,
    /// By a provider.
    Provider {
        /// Which.
        provider: ProviderRef,
        /// The workspace whose own it is; `None` for the platform's.
        home: Option<TenantId>,
        /// Whose second factor.
        factor: FactorOf,
    },
}

impl SignInPath {
    /// Whether the session may act on its person's account. One that stands on the word of a
    /// workspace's own provider, or on a factor that a workspace decided to count, may not: that
    /// workspace's owner would hold the account.
    #[must_use]
    pub const fn whole(&self) -> bool {
        matches!(self, Self::Local | Self::Provider { home: None, factor: FactorOf::Person, .. })
    }
}

/// How somebody came through a workspace's door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// As the policy says.
    Ordinary,
    /// The owner, by password and factor, where members may not.
    BreakGlass,
}

/// Why a door stayed closed. The person is a member: these say what to do instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryDenied {
    /// The workspace takes no password.
    #[error("this workspace is entered through its identity provider")]
    SsoNeeded,
    /// The session came from a provider that this workspace does not take.
    #[error("this workspace does not take the identity provider that this session came from")]
    ProviderNotTaken,
    /// The provider's word does not count as two factors here.
    #[error("this workspace needs a second factor that is enrolled here, or one it counts")]
    FactorNotCounted,
}

/// Judges a session at a workspace's door. Membership is another question.
///
/// # Errors
/// [`EntryDenied`].
pub fn judge_entry(
    policy: &SignInPolicy,
    workspace: TenantId,
    role: Role,
    path: &SignInPath,
) -> Result<Entry, EntryDenied> {
    let SignInPath::Provider { provider, home, factor } = path else {
        return match (policy.sso_only, role) {
            (false, _) => Ok(Entry::Ordinary),
            (true, Role::Owner) => Ok(Entry::BreakGlass),
            (true, _) => Err(EntryDenied::SsoNeeded),
        };
    };
    let foreign = home.is_some_and(|home| home != workspace);
    if foreign || !policy.takes(*provider) {
        return Err(EntryDenied::ProviderNotTaken);
    }
    match factor {
        FactorOf::Person => Ok(Entry::Ordinary),
        FactorOf::Provider(said) if policy.counts(*provider, said) => Ok(Entry::Ordinary),
        FactorOf::Provider(_) => Err(EntryDenied::FactorNotCounted),
    }
}

/// Whether a provider asked somebody for their factors again: it says when they gave them, in
/// seconds since 1970, and that was after the way to it began and a short while ago. Their clock
/// counts whole seconds and is not ours.
#[must_use]
pub fn given_again(auth_time_s: Option<i64>, begun: TimeMs, now: TimeMs) -> bool {
    let Some(given_ms) = auth_time_s.and_then(|s| s.checked_mul(1_000)) else { return false };
    let oldest_ms = begun.max(now.plus_ms(-limits::FACTOR_FRESH_MS)).0;
    given_ms >= oldest_ms - limits::CLOCK_SKEW_MS_MAX - 1_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn factors_are_given_again_after_the_way_began_and_a_short_while_ago() {
        let (begun, late) = (TimeMs(1_000_000), TimeMs(1_000_000 + limits::FACTOR_FRESH_MS));
        let at = |ms: i64| Some(ms.div_euclid(1_000));
        assert!(given_again(at(begun.0), begun, begun));
        assert!(given_again(at(begun.0 + 9_000), begun, late));
        assert!(!given_again(at(begun.0 - 9_000), begun, begun), "before");
        let later = late.plus_ms(60_000);
        assert!(!given_again(at(begun.0 + 9_000), begun, later), "too long ago");
        for unsaid in [None, Some(i64::MIN), Some(i64::MAX)] {
            assert!(!given_again(unsaid, begun, begun), "{unsaid:?}");
        }
    }

    const GOOGLE: ProviderRef = ProviderRef::Platform(PlatformProvider::Google);
    const GITHUB: ProviderRef = ProviderRef::Platform(PlatformProvider::GitHub);

    fn workspace(n: u128) -> TenantId {
        TenantId::from(Uuid::from_u128(n))
    }

    fn said(amr: &str) -> UpstreamClaims {
        UpstreamClaims { amr: vec![amr.to_owned()], acr: None }
    }

    fn counting() -> SignInPolicy {
        SignInPolicy { factor_amr: ["mfa".to_owned()].into(), ..SignInPolicy::default() }
    }

    #[test]
    fn a_workspaces_own_provider_opens_no_other_workspace_however_lax() {
        let own = ProviderRef::Own(ProviderId::from(Uuid::from_u128(9)));
        for factor in [FactorOf::Person, FactorOf::Provider(said("mfa"))] {
            let path = SignInPath::Provider { provider: own, home: Some(workspace(1)), factor };
            let lax = SignInPolicy { providers: [own].into(), ..counting() };
            assert_eq!(judge_entry(&lax, workspace(1), Role::Viewer, &path), Ok(Entry::Ordinary));
            for role in Role::ALL {
                let judged = judge_entry(&lax, workspace(2), role, &path);
                assert_eq!(judged, Err(EntryDenied::ProviderNotTaken), "{role}");
            }
            assert!(!path.whole());
        }
    }

    #[test]
    fn sso_only_takes_no_password_but_the_owners() {
        let policy = SignInPolicy { sso_only: true, providers: [GOOGLE].into(), ..counting() };
        let enter = |role| judge_entry(&policy, workspace(1), role, &SignInPath::Local);
        assert_eq!(enter(Role::Owner), Ok(Entry::BreakGlass));
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            assert_eq!(enter(role), Err(EntryDenied::SsoNeeded));
        }
    }

    #[test]
    fn a_provider_counts_as_two_factors_only_where_the_policy_says_so_and_github_never() {
        let path = |provider, amr: &str| SignInPath::Provider {
            provider,
            home: None,
            factor: FactorOf::Provider(said(amr)),
        };
        let enter = |policy: &SignInPolicy, path: &SignInPath| {
            judge_entry(policy, workspace(1), Role::Viewer, path)
        };
        assert_eq!(enter(&counting(), &path(GOOGLE, "mfa")), Ok(Entry::Ordinary));
        let denied = Err(EntryDenied::FactorNotCounted);
        assert_eq!(enter(&counting(), &path(GOOGLE, "pwd")), denied);
        assert_eq!(enter(&SignInPolicy::default(), &path(GOOGLE, "mfa")), denied);
        assert_eq!(enter(&counting(), &path(GITHUB, "mfa")), denied);
    }

    #[test]
    fn a_policy_that_locks_everybody_out_or_lifts_newcomers_is_refused() {
        let with = |change: fn(&mut SignInPolicy)| {
            let mut policy = SignInPolicy::default();
            change(&mut policy);
            policy.check()
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|one| one.sso_only = true), Err(PolicyError::NoProvider));
        assert_eq!(with(|one| one.default_role = Role::Admin), Err(PolicyError::DefaultRole));
        let empty = with(|one| one.factor_amr = [String::new()].into());
        assert_eq!(empty, Err(PolicyError::Values));
    }

    proptest! {
        #[test]
        fn a_provider_comes_back_from_its_text(n: u128) {
            let own = ProviderRef::Own(ProviderId::from(Uuid::from_u128(n)));
            prop_assert_eq!(own.to_string().parse(), Ok(own));
            prop_assert_eq!("github".parse(), Ok(GITHUB));
        }
    }
}

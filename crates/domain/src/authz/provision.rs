//! A newcomer whom nobody invited: let in because an identity provider vouches for them.
//!
//! Always true
//! 1. The workspace switched it on, trusts the provider, and proved that the newcomer's e-mail
//!    domain is its own; the provider says that the address, or the whole domain, is theirs.
//! 2. The role is the policy's, never above operator, and no project comes with it (TEN-6).

use std::collections::BTreeSet;

use super::{Permit, Role};
use crate::sign_in::{ProviderRef, SignInPolicy};
use crate::{DomainName, UserId};

/// A newcomer is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provision {
    /// The newcomer.
    pub user: UserId,
    /// With this role.
    pub role: Role,
}

/// What a provider says about a newcomer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Who says so.
    pub provider: ProviderRef,
    /// The e-mail domain that it says is the newcomer's.
    pub domain: Option<DomainName>,
}

/// Why nobody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotProvisioned {
    /// The workspace lets nobody in who was not invited.
    #[error("this workspace lets in only people who were invited")]
    Off,
    /// The workspace does not take this provider's word.
    #[error("this workspace does not take this provider's word")]
    Provider,
    /// The e-mail domain is not one that the workspace proved.
    #[error("the e-mail address is not of a domain that this workspace proved to own")]
    Domain,
}

/// Decides whether a newcomer comes in by the policy.
///
/// # Errors
/// [`NotProvisioned`]: the first rule that refused.
pub fn decide_provision(
    policy: &SignInPolicy,
    proved: &BTreeSet<DomainName>,
    vouched: &Vouched,
    user: UserId,
) -> Result<Permit<Provision>, NotProvisioned> {
    if !policy.provision {
        return Err(NotProvisioned::Off);
    }
    if !policy.takes(vouched.provider) {
        return Err(NotProvisioned::Provider);
    }
    of_proved_domain(proved, vouched)?;
    // The policy was checked when it was set; a row from elsewhere gives no more either.
    let role = policy.default_role.min(Role::Operator);
    Ok(Permit::granted(Provision { user, role }))
}

/// Decides whether a provider is believed about the address of somebody who was invited. The
/// platform's are; a workspace's own is about the domains that the workspace proved, for else its
/// owner could take anybody's address.
///
/// # Errors
/// [`NotProvisioned::Domain`].
pub fn decide_address(
    proved: &BTreeSet<DomainName>,
    vouched: &Vouched,
) -> Result<(), NotProvisioned> {
    match vouched.provider {
        ProviderRef::Platform(_) => Ok(()),
        ProviderRef::Own(_) => of_proved_domain(proved, vouched),
    }
}

fn of_proved_domain(
    proved: &BTreeSet<DomainName>,
    vouched: &Vouched,
) -> Result<(), NotProvisioned> {
    let theirs = vouched.domain.as_ref().is_some_and(|domain| proved.contains(domain));
    if theirs { Ok(()) } else { Err(NotProvisioned::Domain) }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::sign_in::PlatformProvider;

    #[test]
    fn a_newcomer_needs_a_switch_a_provider_and_a_proved_domain_and_gets_at_most_operator() {
        let google = ProviderRef::Platform(PlatformProvider::Google);
        let domain = |text: &str| DomainName::parse(text).unwrap();
        let user = UserId::from(Uuid::from_u128(1));
        let policy = SignInPolicy {
            provision: true,
            default_role: Role::Admin,
            providers: [google].into(),
            ..SignInPolicy::default()
        };
        let proved = BTreeSet::from([domain("ours.example")]);
        let vouched = Vouched { provider: google, domain: Some(domain("ours.example")) };
        let decide = |policy: &SignInPolicy, vouched: &Vouched| {
            decide_provision(policy, &proved, vouched, user).map(|permit| permit.get().role)
        };
        assert_eq!(decide(&policy, &vouched), Ok(Role::Operator));
        let off = SignInPolicy { provision: false, ..policy.clone() };
        assert_eq!(decide(&off, &vouched), Err(NotProvisioned::Off));
        let github = ProviderRef::Platform(PlatformProvider::GitHub);
        let other = Vouched { provider: github, ..vouched.clone() };
        assert_eq!(decide(&policy, &other), Err(NotProvisioned::Provider));
        for wrong in [None, Some(domain("theirs.example"))] {
            let foreign = Vouched { domain: wrong, ..vouched.clone() };
            assert_eq!(decide(&policy, &foreign), Err(NotProvisioned::Domain));
        }
    }

    #[test]
    fn a_workspaces_own_provider_is_believed_about_its_proved_domains_alone() {
        let domain = |text: &str| DomainName::parse(text).unwrap();
        let proved = BTreeSet::from([domain("ours.example")]);
        let own = ProviderRef::Own(Uuid::from_u128(1).into());
        let google = ProviderRef::Platform(PlatformProvider::Google);
        let believed = |provider, domain: Option<DomainName>| {
            decide_address(&proved, &Vouched { provider, domain })
        };
        assert_eq!(believed(own, Some(domain("ours.example"))), Ok(()));
        for other in [None, Some(domain("bank.example")), Some(domain("sub.ours.example"))] {
            assert_eq!(believed(own, other.clone()), Err(NotProvisioned::Domain), "{other:?}");
            assert_eq!(believed(google, other), Ok(()));
        }
    }
}

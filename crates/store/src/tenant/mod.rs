//! The tables of a tenant's unit, one file per noun.
//!
//! Always true: every statement here is a [`crate::sql::TenantSql`]; every change that a rule
//! decides takes the rule's [`domain::authz::Permit`] instead of loose values.

mod domains;
mod environments;
mod glass;
mod invitations;
mod jobs;
mod key_uses;
mod keys;
mod members;
mod projects;
mod providers;
mod sealing;
mod secrets;
mod security;
mod sign_in_policy;
mod streams;
mod team;

pub use domains::{DomainClaim, Domains};
pub use environments::{Environment, Environments};
pub use glass::{BrokenGlass, Glass, GlassRecord};
pub use invitations::{Invitation, InvitationState, Invitations, NewInvitation};
pub use jobs::{ClaimedJob, Job, JobState, Jobs, NewJob};
pub use key_uses::{KeyOutcome, KeyUses};
pub use keys::{ApiKey, Keys, NewKey};
pub use members::{Member, Members, Newcomer};
pub use projects::{Project, ProjectMember, Projects};
pub use providers::{Provider, Providers, SealedProviderSecret};
pub use sealing::{KeyCount, SealedRecord, Sealing, SealingSchedule};
pub use secrets::{SealedSecret, Secret, SecretHead, Secrets};
pub use security::SecurityMark;
pub use sign_in_policy::{SignInPolicies, StoredPolicy};
pub use streams::{NewStream, Progress, SealedStreamSecret, Stream, Streams};
pub use team::{Team, TeamSettings, TeamState};

use crate::sql::TenantSql;

/// Every statement of this module's tables.
pub(crate) const STATEMENTS: &[&[TenantSql]] = &[
    domains::STATEMENTS,
    environments::STATEMENTS,
    glass::STATEMENTS,
    invitations::STATEMENTS,
    jobs::STATEMENTS,
    key_uses::STATEMENTS,
    keys::STATEMENTS,
    members::STATEMENTS,
    projects::STATEMENTS,
    providers::STATEMENTS,
    sealing::STATEMENTS,
    secrets::STATEMENTS,
    sign_in_policy::STATEMENTS,
    security::STATEMENTS,
    streams::STATEMENTS,
    team::STATEMENTS,
];

/// Declares a table handle: a short-lived borrow of the transaction.
macro_rules! handle {
    ($(#[$doc:meta])* $visible:vis $name:ident) => {
        $(#[$doc])*
        $visible struct $name<'t> {
            bound: &'t mut $crate::bound::Bound,
        }

        impl<'t> $name<'t> {
            pub(crate) fn new(bound: &'t mut $crate::bound::Bound) -> Self {
                Self { bound }
            }
        }
    };
}
pub(crate) use handle;

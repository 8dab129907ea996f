//! Tenant-scoped data on SQLite and PostgreSQL, behind transactions that know whose rows they may
//! touch.
//!
//! Always true
//! 1. A statement over a tenant's rows binds the tenant itself, and does not compile without the
//!    predicate.
//! 2. What is written is committed with an audit entry in the same transaction, or for a listed
//!    reason.
//! 3. Secret columns take and give [`domain::Sealed`] only; this crate cannot open them.
//! 4. The branch between engines is in [`engine`] alone; there is one text per statement.
//!
//! Never: a key, a password in clear, a statement built from a caller's text, a join between a
//! tenant's rows and the platform's.
//!
//! Walk: [`Store`] → [`tx`] → a noun's table file in [`tenant`], [`platform`] or [`audit`] →
//! [`engine`].

mod audit;
mod bound;
mod caller;
mod commit;
mod config;
mod engine;
mod error;
mod fetch;
mod jobs;
mod page;
mod platform;
pub mod sealed;
pub mod sql;
mod store;
mod tenant;
mod tx;
mod value;

pub use audit::{
    EntryFilter, Epochs, Erasures, Hold, Holder, JournalMark, Log, LoggedEntry, NewCheckpoint,
    NewLeaf, NewNode, Openings, PendingEntry, PersonalBeside, Retention, StoredCheckpoint,
    StoredEpoch, StoredOpening, Tree, UnknownHolder, epoch_at,
};
/// Making a PostgreSQL database ready, by an administrator's credential.
pub mod postgres {
    pub use crate::engine::{Roles, clear_unused, create_database, prepare};
}

pub use caller::Caller;
pub use commit::{Commit, Committed, EntryRef, QuietReason};
pub use config::{PostgresTarget, StoreConfig};
pub use engine::Finding;
pub use error::{Refusal, StoreError};
pub use jobs::Reconciled;
pub use page::{Listing, Page};
pub use platform::*;
pub use store::{Store, Unit};
pub use tenant::{
    ApiKey, BrokenGlass, ClaimedJob, DomainClaim, Domains, Environment, Environments, Glass,
    GlassRecord, Invitation, InvitationState, Invitations, Job, JobState, Jobs, KeyCount,
    KeyOutcome, KeyUses, Keys, Member, Members, NewInvitation, NewJob, NewKey, NewStream, Newcomer,
    Progress, Project, ProjectMember, Projects, Provider, Providers, SealedProviderSecret,
    SealedRecord, SealedSecret, SealedStreamSecret, Sealing, SealingSchedule, Secret, SecretHead,
    Secrets, SecurityMark, SignInPolicies, StoredPolicy, Stream, Streams, Team, TeamSettings,
    TeamState,
};
pub use tx::{AuditTx, PlatformTx, TenantTx};

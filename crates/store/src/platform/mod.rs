//! The tables of the platform's unit, one file per noun.
//!
//! Always true
//! 1. Every statement here is a [`crate::sql::PlatformSql`] with its reason; their list is a golden
//!    file.
//! 2. None holds anything of a tenant but its id, its name and hints that the tenant's own rows
//!    decide about.
//! 3. Races are settled by single conditional statements: a refresh, a TOTP step, a backup code, a
//!    counter.

mod account_events;
mod bootstrap;
mod due;
mod enrolments;
mod idempotency;
mod indexes;
mod instance;
mod memberships;
mod notices;
mod revocations;
mod sessions;
mod throttle;
mod users;
mod workspaces;

pub use account_events::{AccountEvents, SessionOutcome, SessionUses};
pub use bootstrap::{Bootstrap, BootstrapLink};
pub(crate) use due::Due;
pub use enrolments::{Enrolment, Enrolments, LinkKind, NewEnrolment};
pub use idempotency::{Idempotency, Kept, KeptAnswer};
pub use indexes::{InvitationIndex, KeyIndex};
pub(crate) use instance::Instance;
pub use memberships::{Membership, Memberships};
pub use notices::{NewNotice, NoticeKind, Notices};
pub use revocations::{Revocation, Revocations, Revoked};
pub use sessions::{ClientKind, NewSession, Rotation, Session, Sessions};
pub use throttle::{Throttle, ThrottleState};
pub use users::{BackupCode, BackupCodes, NewUser, User, UserState, Users};
pub use workspaces::{Workspace, WorkspaceState, Workspaces};

use crate::sql::PlatformSql;

/// Every statement of this module's tables.
pub(crate) const STATEMENTS: &[&[PlatformSql]] = &[
    account_events::STATEMENTS,
    bootstrap::STATEMENTS,
    due::STATEMENTS,
    enrolments::STATEMENTS,
    idempotency::STATEMENTS,
    indexes::STATEMENTS,
    instance::STATEMENTS,
    memberships::STATEMENTS,
    notices::STATEMENTS,
    revocations::STATEMENTS,
    sessions::STATEMENTS,
    throttle::STATEMENTS,
    users::STATEMENTS,
    workspaces::STATEMENTS,
];

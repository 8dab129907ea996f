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
mod authorizations;
mod backups;
mod bootstrap;
mod checkpoints;
mod device_grants;
mod devices;
mod due;
mod enrolments;
mod glass;
mod guard;
mod history;
mod idempotency;
mod identities;
mod indexes;
mod instance;
mod memberships;
mod notices;
mod outbox;
mod passkey_challenges;
mod passkeys;
mod recoveries;
mod replacements;
mod resets;
mod revocations;
mod session_passkeys;
mod session_paths;
mod sessions;
mod sso_only;
mod sso_transactions;
mod staff;
mod throttle;
mod users;
mod workspaces;

pub use account_events::{AccountEvents, SessionOutcome, SessionUses};
pub use authorizations::{Authorization, Authorizations, NewAuthorization};
pub use backups::{BackupRun, Backups, Canary, LastRun};
pub use bootstrap::{Bootstrap, BootstrapLink};
pub use checkpoints::{CheckpointLog, Head, NewBlindedLeaf, WitnessState};
pub use device_grants::{
    Approver, DeviceGrant, DeviceGrants, GrantState, NewDeviceGrant, Requester,
};
pub use devices::{Device, Devices};
pub(crate) use due::Due;
pub use enrolments::{Enrolment, Enrolments, LinkKind, NewEnrolment};
pub use glass::{GlassApproval, GlassRequest, GlassRequests, NewGlass};
pub use guard::{Hours, SignInGuard};
pub use history::{SignInHistory, TimesSeen};
pub use idempotency::{Idempotency, Kept, KeptAnswer};
pub use identities::{Identities, LinkedIdentity};
pub use indexes::{InvitationIndex, KeyIndex};
pub(crate) use instance::Instance;
pub use memberships::{Membership, Memberships};
pub use notices::{NewNotice, NoticeKind, Notices};
pub use outbox::{DueNotice, NoticeState, Outbox, Outcome, Waiting};
pub use passkey_challenges::{
    ChallengePurpose, NewPasskeyChallenge, PasskeyChallenge, PasskeyChallenges,
};
pub use passkeys::{NewPasskey, Passkey, PasskeyUse, Passkeys};
pub use recoveries::{NewRecovery, Recoveries, Recovery, RecoveryState};
pub use replacements::{TotpReplacement, TotpReplacements};
pub use resets::{NewReset, PasswordReset, Resets};
pub use revocations::{Revocation, Revocations, Revoked};
pub use session_passkeys::{AssertedPasskey, SessionPasskeys};
pub use session_paths::SessionPaths;
pub use sessions::{ClientKind, NewSession, Rotation, Session, Sessions};
pub use sso_only::SsoOnly;
pub use sso_transactions::{
    NewSsoTransaction, SsoErrand, SsoState, SsoTransaction, SsoTransactions,
};
pub use staff::{Staff, StaffMember, StaffRole};
pub use throttle::{Throttle, ThrottleState};
pub use users::{BackupCode, BackupCodes, NewUser, User, UserState, Users};
pub use workspaces::{Workspace, WorkspaceState, Workspaces};

use crate::sql::PlatformSql;

/// Every statement of this module's tables.
pub(crate) const STATEMENTS: &[&[PlatformSql]] = &[
    authorizations::STATEMENTS,
    account_events::STATEMENTS,
    backups::STATEMENTS,
    bootstrap::STATEMENTS,
    checkpoints::STATEMENTS,
    device_grants::STATEMENTS,
    devices::STATEMENTS,
    due::STATEMENTS,
    enrolments::STATEMENTS,
    glass::STATEMENTS,
    guard::STATEMENTS,
    history::STATEMENTS,
    idempotency::STATEMENTS,
    identities::STATEMENTS,
    indexes::STATEMENTS,
    instance::STATEMENTS,
    memberships::STATEMENTS,
    notices::STATEMENTS,
    outbox::STATEMENTS,
    recoveries::STATEMENTS,
    replacements::STATEMENTS,
    resets::STATEMENTS,
    passkey_challenges::STATEMENTS,
    passkeys::STATEMENTS,
    revocations::STATEMENTS,
    session_passkeys::STATEMENTS,
    session_paths::STATEMENTS,
    sessions::STATEMENTS,
    staff::STATEMENTS,
    sso_only::STATEMENTS,
    sso_transactions::STATEMENTS,
    throttle::STATEMENTS,
    users::STATEMENTS,
    workspaces::STATEMENTS,
];

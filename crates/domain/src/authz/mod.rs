//! Who may do what: roles, acts, overrides, the rank guard, and the proof that a rule said yes.
//!
//! Always true
//! 1. [`Permit`] has no public constructor: holding one means that a rule of this module ran on
//!    these exact values.
//! 2. Membership acts (invite, accept, change role, override, remove, transfer, project membership,
//!    key creation) pass the rank guard in [`rank`]; no plain act can stand in for one, because
//!    they share no type.
//! 3. A deny wins over a grant; an API key never holds more than its creator holds now.
//!
//! Honest limit: a permit proves that the rule ran on the facts given. That the facts are fresh is
//! the use case's duty (loaded in the same transaction, rows locked) and the matrix test's.

mod act;
mod authority;
mod conduct;
mod gain;
mod overrides;
mod permit;
mod provision;
pub mod rank;
mod role;
mod vouch;

pub use act::{Act, ActSet, UnknownAct};
pub use authority::{Authority, Denied, Place, Standing, factor_is_fresh};
pub use conduct::{
    ClaimDomain, Conduct, CreateEnvironment, CreateProject, DeleteSecret, DeleteWorkspace,
    ExportAudit, HoldAudit, ListKeys, ListMembers, ListSecrets, LocalUse, ManageStream, ReadAudit,
    ReadProject, ReadSealing, ReadSecurity, ReadSignIn, ReadStreams, ReadWorkspace, RemoveDomain,
    RemoveProvider, RevealSecret, RotateSealing, RotateSecret, SetProvider, SetSecret,
    SetSignInPolicy, UpdateWorkspace, UseSecretsLocally, decide, decide_use_locally,
};
pub use overrides::{Effect, Override, Overrides, OverridesError};
pub use permit::Permit;
pub use provision::{NotProvisioned, Provision, Vouched, decide_address, decide_provision};
pub use rank::{
    AcceptInvitation, AddProjectMember, ChangeRole, CreateKey, Invite, RankDenied, RemoveMember,
    RemoveProjectMember, RevokeInvitation, RevokeKey, RotateKey, SetOverrides, TransferOwnership,
};
pub use role::{Role, UnknownRole};
pub use vouch::{VouchForRecovery, decide_see_recoveries, decide_vouch, host_vouches};

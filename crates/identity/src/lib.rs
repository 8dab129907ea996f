//! Who somebody is, and who belongs to which team: passwords, factors, tokens, sessions, API keys,
//! enrolments, workspaces, members and invitations.
//!
//! Always true
//! 1. A use case loads what it judges in the transaction that writes: no right is decided on a
//!    stale row.
//! 2. A guess is counted before it is checked, and a secret is compared in constant time.
//! 3. What is shown once is stored as a keyed digest whose key this process does not have.
//! 4. No commit spans units. A hint of the platform's is written before what it points to and taken
//!    away after it: it may point to nothing, and nothing is ever without one. Nothing is allowed
//!    because of a hint.
//!
//! Never: HTTP, SQL, a key.
//!
//! Walk of a request: [`authenticate`] → a [`Principal`] → one use case, such as
//! [`members::change_role`] → a [`store::Committed`], whose entries become receipts. Every error
//! has a stable `code()`.

pub mod account;
mod account_log;
pub mod authorizations;
mod code;
pub mod codes;
pub mod device_grants;
pub mod dpop;
pub mod enrolments;
pub mod guard;
mod housekeeping;
mod identity;
pub mod invitations;
pub mod keys;
pub mod members;
pub mod notices;
pub mod passkeys;
pub mod passwords;
mod principal;
pub mod projects;
pub mod recoveries;
pub mod resets;
mod revocations;
pub mod risk;
pub mod sessions;
mod shown;
pub mod sso;
pub mod staff;
mod team;
pub mod throttle;
pub mod tokens;
mod uses;
pub mod workspaces;

#[cfg(test)]
mod testing;

pub use account_log::account_log;
pub use code::{of_broker, of_denied, of_entry, of_proof, of_rank, of_store};
pub use housekeeping::sweep;
pub use identity::{Identity, IdentityConfig, StartError};
pub use principal::{AuthRefused, Principal, authenticate, authenticate_presented};
pub use revocations::{RevocationView, Standing};
pub use shown::ShownOnce;
pub use team::TeamError;

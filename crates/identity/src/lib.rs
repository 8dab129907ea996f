//! Who somebody is, and who belongs to which team: passwords, factors, tokens, sessions, API keys, enrolments,
//! workspaces, members and invitations.
//!
//! Always true
//! 1. A use case loads what it judges in the transaction that writes: no right is decided on a stale row.
//! 2. A guess is counted before it is checked, and a secret is compared in constant time.
//! 3. What is shown once is stored as a keyed digest whose key this process does not have.
//!
//! Never: HTTP, SQL, a key.

pub mod codes;
pub mod keys;
pub mod passwords;
mod shown;
pub mod throttle;
pub mod tokens;

#[cfg(test)]
mod testing;

pub use shown::ShownOnce;

//! Identity, attacked: two workspaces in every test, a real store and a real broker on one clock
//! that the test moves, on SQLite and, where `CASEMATE_TEST_POSTGRES` holds a superuser's address,
//! on PostgreSQL too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and makes the scopes it attacks with"
)]

mod account;
mod authorizations;
mod credentials;
mod device_grants;
mod enrolment;
mod guard;
mod house;
mod invitations;
mod key_terms;
mod keys;
mod moves;
mod notices;
mod page;
mod passkeys;
mod possession;
mod projects;
mod ranks;
mod recoveries;
mod recoveries_host;
mod refresh;
mod resets;
mod revocation;
mod risk;
mod sign_in;
mod signatures;
mod sso;
mod staff;
mod step_up;
mod workspaces;

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

mod credentials;
mod enrolment;
mod guard;
mod house;
mod invitations;
mod keys;
mod projects;
mod ranks;
mod refresh;
mod revocation;
mod risk;
mod sign_in;
mod step_up;
mod workspaces;

//! The vault, attacked: two workspaces in every test, a real store and a real broker, on SQLite
//! and, where `CASEMATE_TEST_POSTGRES` names a cluster, on PostgreSQL too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and makes the scopes it attacks with"
)]

mod break_glass;
mod canary;
mod house;
mod limits;
mod local_use;
mod moved;
mod reach;
mod reveal;
mod roles;
mod sealing;
mod sealing_owner;
mod versions;

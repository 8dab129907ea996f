//! The whole program, as a person and as the world meet it: the real binary, real processes, real
//! signals.
//!
//! Each test has folders of its own and always two workspaces. On PostgreSQL the same tests run
//! when `CASEMATE_TEST_POSTGRES` holds a superuser's address.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test says what is wrong by stopping, and is told its surroundings"
)]

mod administration;
mod backup;
mod browser_login;
mod canary;
mod crash;
mod engine;
mod environment;
#[cfg(any(feature = "pkcs11", feature = "tpm"))]
mod hardware;
mod house;
mod http;
mod log_reading;
mod person;
mod sealing;
mod separation;
mod slots;
mod together;
mod transit;
mod walk;
mod witnessed;

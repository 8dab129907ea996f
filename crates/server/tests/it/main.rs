//! The server, attacked through its own router with two workspaces, a real store and a real broker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed, and this is where the tests' environment is read"
)]

mod break_glass;
mod browser;
mod chromium;
mod credentials;
mod document;
mod doors;
mod faults;
mod frame;
mod grants;
mod house;
mod input;
mod keys_and_sessions;
mod matrix;
mod operations;
mod pages;
mod passkey_browser;
mod passkeys;
mod paths;
mod possession;
mod process;
mod public_log;
mod receipts;
mod repetition;
mod sso;
mod sso_browser;
mod swap;
mod walk;

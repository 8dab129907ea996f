//! A small witness that anyone can run: it watches logs of others and cosigns what continues.
//!
//! Always true
//! 1. A cosignature leaves only after the record of what it says is on the disk: killed at any
//!    instant, a witness never signs two histories of one log.
//! 2. One process at a time holds a witness's folder.
//! 3. A witness without its record does not start: an empty one would sign anything.
//! 4. A request is bounded in bytes, in time and in number.
//!
//! Never: a database, a broker, another party's private key. What is accepted is decided by
//! [`ledger::witness`]; this crate gives that rule a disk, a key and a listener.
//!
//! Walk: [`http`] → [`desk`] → `ledger::witness::decide` → [`book`] → [`key`].
//! Source: C2SP tlog-witness and tlog-cosignature.

pub mod book;
pub mod desk;
pub mod files;
pub mod http;
pub mod key;
pub mod logs;
mod pace;

pub use desk::Desk;
pub use files::{Home, Trouble};
pub use key::WitnessKey;
pub use logs::TrustedLogs;

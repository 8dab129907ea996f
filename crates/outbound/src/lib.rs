//! The only door outward: a guarded HTTP client, object stores, signed webhooks, syslog over TLS,
//! mail, and names.
//!
//! Always true
//! 1. An address is judged after its name was resolved and is the one connected to: no answer of a
//!    name server changes where a vetted call goes (SSRF).
//! 2. Every call has a deadline and a limit on what it reads; no redirect is followed by itself.
//! 3. Nothing listens here.

pub mod http;
pub mod judge;
pub mod mail;
pub mod names;
pub mod receiver;
pub mod s3;
pub mod splunk;
pub mod syslog;
pub mod webhook;

//! The HTTP API: configuration, wiring, the description of every operation, and the workers.
//!
//! Always true
//! 1. A request's workspace is its credential's; handlers never make a scope ([`extract::caller`]
//!    asks `identity`).
//! 2. The OpenAPI document is read off the handlers' signatures, and what it does not list is not
//!    answered.
//! 3. Everything has a limit: bodies, depth, headers, time, connections, rates. Limits are raised
//!    by configuration, never switched off.
//!
//! Never: a business rule, SQL, a key.
//!
//! Walk: [`listen`] accepts, [`frame`] names and bounds the request, [`router`] finds the verb's
//! file in [`v1`], [`extract`] reads it, one use case answers, [`reply`] or [`problem`] shows it.

pub mod config;
pub mod confine;
mod cookie;
pub mod extract;
pub mod frame;
mod health;
pub mod house;
mod leftover;
pub mod listen;
pub mod metrics;
pub mod openapi;
mod pages;
pub mod problem;
mod public_log;
pub mod rate;
mod ready;
pub mod reply;
pub mod router;
mod serve;
pub mod shapes;
pub mod v1;
mod witnessing;
mod workers;

pub use config::{Config, ConfigError};
pub use router::{document, openapi};
pub use serve::{ServeError, serve};

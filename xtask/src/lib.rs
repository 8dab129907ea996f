//! The workshop: every check the project has, and the commands that start it.
//!
//! Always true
//! 1. A check that fails makes the process fail; nothing is skipped silently.
//! 2. Programs are started with argument vectors, never through a shell. The one exception is the
//!    README walk, whose subject is what a person types into a shell.
//! 3. What a check starts, it stops.
//!
//! Never: part of the product. Nothing in `crates/` depends on this crate.
#![allow(
    clippy::disallowed_methods,
    reason = "the workshop reads its own environment; the product's bans do not bind it"
)]

pub mod asvs;
pub mod bench;
pub mod layers;
pub mod mutants;
pub mod packages;
pub mod pipeline;
pub mod postgres;
pub mod promises;
pub mod run;
pub mod schemathesis;
pub mod tidy;
pub mod walk;

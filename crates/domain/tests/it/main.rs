//! The law, attacked: tables a reader can check by eye, every sequence of calls in small teams,
//! real bugs of other systems by name, and programs that must not compile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise, in its helpers too"
)]

mod compile_fail;
mod golden;
mod model;
mod random;
mod rank_bugs;
mod tables;

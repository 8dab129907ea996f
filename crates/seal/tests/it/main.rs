//! The sealing room from outside: a second implementation, golden files, and programs that must not
//! compile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

mod compile_fail;
mod differential;
mod golden;

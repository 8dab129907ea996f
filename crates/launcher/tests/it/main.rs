//! Programs that try to get out, and programs that take too much, each in a real chamber.
//!
//! The chambers are real: namespaces, control groups, Landlock and seccomp of this kernel. A kernel
//! that lacks one makes these tests fail, with its name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise"
)]

mod chamber;
mod endings;
mod escapes;
mod guest;
mod limits;
mod process;

//! Starts programs that nobody trusts, each in a chamber of its own, and says how each one ended.
//!
//! Always true
//! 1. A program runs with every layer of the wall or not at all: a layer that the kernel does not
//!    give is a refusal that names it ([`Layer`]).
//! 2. Nothing of the host is inside but what the [`Sandbox`] lists: no interface but loopback, no
//!    process but its own, no file but its layers and the places it was given.
//! 3. Memory, processes, processor time, disk and open files have limits, and how a program ended
//!    is told with the limit that ended it.
//!
//! Never: async, a network, a shell, a secret kept longer than the start takes. Never called from a
//! process with several threads: what is forked here goes on to run code.
//!
//! Honest limit: programs share the host's kernel. This is a wall of many layers, not a second
//! machine.

pub mod cgroup;
mod confine;
mod ending;
mod fault;
mod files;
mod init;
mod launch;
pub mod process;
pub mod protocol;
mod seccomp;
mod spec;
mod sys;

pub use ending::Ending;
pub use fault::{LaunchError, Layer};
pub use launch::{HOST_USER_LEAST, Running, Streams, launch};
pub use spec::{Bind, Limits, Reach, Sandbox, SpecError, Variable, Writable};

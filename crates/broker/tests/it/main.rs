//! The broker as others meet it: a real process, attacked from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

mod attack_disk;
mod attack_grants;
mod attack_memory;
mod attack_peers;
mod crash;
mod factors;
mod glass;
mod house;
mod root;
mod rotation;
mod setup;
mod shredding;
mod signatures;

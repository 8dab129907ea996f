//! The keys that seal a workspace's records: their census, their rotation, and who opened them.
//!
//! Always true
//! 1. Everything here walks over the registry of sealed columns ([`store::sealed`]).
//! 2. A key is destroyed only behind a fence that the database holds, and after a count behind that
//!    fence found no record under it.
//! 3. Writers go on meanwhile: a record is exchanged only while it is what was read, and a writer
//!    that is too late is refused, never lost.

mod census;
mod rotate;

pub use census::{CensusLine, census};
pub use rotate::{
    Rotated, RotationStep, Wanted, finish_wanted, no_progress, rotate_epoch, want_rotation,
};

use broker::BrokerError;
use store::StoreError;

/// Why keys are as they were, or a rotation is not finished. Repeating it goes on from there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// The broker did not do it.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Records under an old key do not open, so that key is kept.
    #[error("{0} records under an old key do not open; the key is kept")]
    RecordsDamaged(u64),
    /// Records kept coming under an old key. Nothing was destroyed.
    #[error("records under an old key could not be counted to none")]
    NotDrained,
}

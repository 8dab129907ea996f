//! The keys that seal a workspace's records: their census, their rotation, and who opened them.
//!
//! Always true
//! 1. Everything here walks over the registry of sealed columns ([`store::sealed`]).
//! 2. A key is destroyed only behind a fence that the database holds, and after a count behind that
//!    fence found no record under it.
//! 3. Writers go on meanwhile: a record is exchanged only while it is what was read, and a writer
//!    that is too late is refused, never lost.

mod census;
mod owner;
mod rotate;
mod schedule;
mod shred;

pub use census::{CensusLine, census};
pub use owner::{KeysSeen, ask_for_rotation, list_accesses, see_keys, set_interval};
pub use rotate::{
    Extent, Rotated, RotationStep, Wanted, finish_extent, finish_wanted, no_progress, rotate_epoch,
    want_rotation,
};
pub use schedule::{Look, due_at, interval_days, look_after};
pub use shred::{is_shredded, shred_person, shred_secret, shred_workspace};

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
    /// There is no such secret.
    #[error("there is no such secret")]
    NoSecret,
    /// Records kept coming under an old key. Nothing was destroyed.
    #[error("records under an old key could not be counted to none")]
    NotDrained,
}

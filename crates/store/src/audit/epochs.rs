//! The epochs of a log: each restore begins one.
//!
//! Always true
//! 1. An epoch is written once, in the transaction that writes the entry which opens it.
//! 2. A checkpoint is of the newest epoch that began below its size: the entry that opens an epoch
//!    is the first leaf after the log that was restored.

use ledger::{Epoch, Stream};

use crate::StoreError;
use crate::bound::Bound;
use crate::sql::tenant_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// The epochs of a unit's logs.
    pub Epochs
}

/// One epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredEpoch {
    /// Its name.
    pub epoch: Epoch,
    /// How many leaves the log had before its first entry.
    pub size: u64,
}

/// The epoch of a checkpoint of this size, given a log's epochs in order.
#[must_use]
pub fn epoch_at(epochs: &[StoredEpoch], size: u64) -> Epoch {
    let begun = epochs.iter().rev().find(|known| known.size < size);
    begun.map_or(Epoch::FIRST, |known| known.epoch)
}

tenant_statements! { "epochs":
    LIST = "select epoch, size from audit_epochs \
        where tenant_id = $1 and stream = $2 order by epoch";
    ADD = "insert into audit_epochs (tenant_id, stream, epoch, size) values ($1, $2, $3, $4)";
}

/// The epochs of a log after the first one, oldest first.
pub(super) fn list(bound: &mut Bound, stream: Stream) -> Result<Vec<StoredEpoch>, StoreError> {
    let rows = bound.rows(&LIST, values![stream.as_str()])?;
    rows.into_iter()
        .map(|mut row| Ok(StoredEpoch { epoch: Epoch(row.count()?), size: row.count()? }))
        .collect()
}

impl Epochs<'_> {
    /// The epochs after the first one, oldest first. There is one for each restore.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, stream: Stream) -> Result<Vec<StoredEpoch>, StoreError> {
        list(self.bound, stream)
    }

    /// Begins an epoch.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one of this name or size; the engine's.
    pub fn begin(&mut self, stream: Stream, begun: StoredEpoch) -> Result<(), StoreError> {
        self.bound.change_one(&ADD, values![stream.as_str(), begun.epoch.0, begun.size])
    }
}

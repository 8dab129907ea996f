//! The log's tables, which every unit has: entries, personal values, the tree, checkpoints.
//!
//! Always true
//! 1. Rows are inserted and read, never changed or deleted: triggers abort it on both engines, and
//!    on PostgreSQL the role has no right to. Two exceptions: the list of entries that wait for an
//!    index; and what the database's own functions drop behind a signed boundary, or erase for a
//!    person.
//! 2. An entry is inserted by the commit of the transaction it speaks about, and nowhere else.

mod entries;
mod epochs;
mod erasures;
mod log;
mod openings;
mod retention;
mod tree;

pub(crate) use entries::insert;
pub use epochs::{Epochs, StoredEpoch, epoch_at};
pub use erasures::{Erasures, PersonalBeside};
pub use log::{EntryFilter, Log, LoggedEntry};
pub use openings::{Openings, StoredOpening};
pub use retention::{Hold, Holder, Retention, UnknownHolder};
pub use tree::{
    JournalMark, NewCheckpoint, NewLeaf, NewNode, PendingEntry, StoredCheckpoint, Tree,
};

use crate::sql::TenantSql;

/// Every statement of this module's tables.
pub(crate) const STATEMENTS: &[&[TenantSql]] = &[
    entries::STATEMENTS,
    epochs::STATEMENTS,
    erasures::STATEMENTS,
    log::STATEMENTS,
    openings::STATEMENTS,
    retention::STATEMENTS,
    tree::STATEMENTS,
];

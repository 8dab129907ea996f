//! What opens a log's leaves in the platform's log of checkpoints.
//!
//! Always true
//! 1. A log has one pseudonym, given once.
//! 2. An opening is written before its leaf can exist, and never again for that size: repeating
//!    what was cut off makes the same leaf.

use domain::TimeMs;
use ledger::{Pseudonym, Stream};

use crate::StoreError;
use crate::sql::tenant_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// A log's pseudonym, and the nonces of its published checkpoints.
    pub Openings
}

/// One published checkpoint of a log, as its readers may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOpening {
    /// How many entries the checkpoint covers.
    pub size: u64,
    /// Their root.
    pub root: [u8; 32],
    /// What blinds it.
    pub nonce: [u8; 32],
    /// When it was made.
    pub at: TimeMs,
}

impl StoredOpening {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { size: row.count()?, root: row.array()?, nonce: row.array()?, at: row.time()? })
    }
}

tenant_statements! { "openings":
    PSEUDONYM = "select pseudonym from audit_pseudonyms where tenant_id = $1 and stream = $2";
    ADD_PSEUDONYM = "insert into audit_pseudonyms (tenant_id, stream, pseudonym) \
        values ($1, $2, $3)";
    ADD = "insert into audit_openings (tenant_id, stream, size, root, nonce, at_ms) \
        values ($1, $2, $3, $4, $5, $6)";
    NEWEST = "select size, root, nonce, at_ms from audit_openings \
        where tenant_id = $1 and stream = $2 order by size desc limit $3";
    AFTER = "select size, root, nonce, at_ms from audit_openings \
        where tenant_id = $1 and stream = $2 and size > $3 order by size limit $4";
}

impl Openings<'_> {
    /// The log's name in the log of checkpoints; `None` before its first publication.
    ///
    /// # Errors
    /// The engine's.
    pub fn pseudonym(&mut self, stream: Stream) -> Result<Option<Pseudonym>, StoreError> {
        self.bound.one(&PSEUDONYM, values![stream.as_str()])?.map(|mut row| row.array()).transpose()
    }

    /// Gives the log its name, for good.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it has one; the engine's.
    pub fn name(&mut self, stream: Stream, pseudonym: Pseudonym) -> Result<(), StoreError> {
        self.bound.change_one(&ADD_PSEUDONYM, values![stream.as_str(), pseudonym])
    }

    /// Notes what will open the leaf of this checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a checkpoint of this size has an opening; the engine's.
    pub fn add(
        &mut self,
        stream: Stream,
        size: u64,
        root: [u8; 32],
        nonce: [u8; 32],
    ) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.change_one(&ADD, values![stream.as_str(), size, root, nonce, now])
    }

    /// At most `count` openings, newest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn newest(&mut self, stream: Stream, count: u32) -> Result<Vec<StoredOpening>, StoreError> {
        let rows = self.bound.rows(&NEWEST, values![stream.as_str(), count])?;
        rows.into_iter().map(StoredOpening::from_row).collect()
    }

    /// Openings whose size is greater than `size`, oldest first: for handing all of them out.
    ///
    /// # Errors
    /// The engine's.
    pub fn after(
        &mut self,
        stream: Stream,
        size: u64,
        count: u32,
    ) -> Result<Vec<StoredOpening>, StoreError> {
        let rows = self.bound.rows(&AFTER, values![stream.as_str(), size, count])?;
        rows.into_iter().map(StoredOpening::from_row).collect()
    }
}

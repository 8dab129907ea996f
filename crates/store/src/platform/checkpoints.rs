//! The log of checkpoints, its heads, and the witnesses' cosignatures on them.
//!
//! Always true
//! 1. Leaves, nodes, heads and cosignatures are inserted and read, never changed: triggers abort it
//!    on both engines.
//! 2. No row says whose log a leaf is about: that is known in the log's own unit alone.
//! 3. Indices are dense: a leaf's index is the primary key, and a batch is appended at the size of
//!    the newest head. Two publishers at once conflict on that key, and one of them rolls back.

use domain::TimeMs;
use ledger::{BlindedCheckpoint, Epoch};

use crate::StoreError;
use crate::audit::{NewCheckpoint, NewNode, StoredEpoch};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// The log of checkpoints.
    pub CheckpointLog
}

/// A leaf to append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewBlindedLeaf {
    /// Its index.
    pub index: u64,
    /// What it shows.
    pub leaf: BlindedCheckpoint,
}

/// A signed head of the log of checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many leaves it covers.
    pub size: u64,
    /// Their root.
    pub root: [u8; 32],
    /// When it was stored.
    pub at: TimeMs,
    /// The note, signed by the platform.
    pub note: String,
    /// The signature lines of witnesses, in the order they came.
    pub cosignatures: Vec<String>,
}

/// What a witness said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessState {
    /// Its key in text form.
    pub witness: String,
    /// The size it was last known to be at.
    pub size: u64,
    /// How the last call ended, in a word of the caller's.
    pub outcome: String,
    /// When.
    pub at: TimeMs,
    /// Since when no call has ended well; `None` when the last one did.
    pub failing_since: Option<TimeMs>,
}

platform_statements! { "checkpoints", "the log of checkpoints is public and names no tenant":
    EPOCHS = "select epoch, size from checkpoint_epochs order by epoch";
    BEGIN_EPOCH = "insert into checkpoint_epochs (epoch, size) values ($1, $2)";
    PLACE = "select leaf_index from checkpoint_leaves where commitment = $1";
    LEAVES = "select pseudonym, commitment from checkpoint_leaves \
        where leaf_index >= $1 order by leaf_index limit $2";
    LEAF = "select hash from checkpoint_leaves where leaf_index = $1";
    NODE = "select hash from checkpoint_nodes where level = $1 and node_index = $2";
    ADD_LEAF = "insert into checkpoint_leaves (leaf_index, pseudonym, commitment, hash) \
        values ($1, $2, $3, $4)";
    ADD_NODE = "insert into checkpoint_nodes (level, node_index, hash) values ($1, $2, $3)";
    ADD_HEAD = "insert into checkpoint_heads (size, root, at_ms, note) values ($1, $2, $3, $4)";
    HEAD = "select size, root, at_ms, note from checkpoint_heads order by size desc limit 1";
    HEAD_OF_SIZE = "select size, root, at_ms, note from checkpoint_heads where size = $1";
    BEST_HEAD = "select h.size, h.root, h.at_ms, h.note from (select size, root, at_ms, note \
        from checkpoint_heads where size > $1 order by size desc limit $2) h \
        order by (select count(*) from checkpoint_cosignatures c where c.size = h.size) desc, \
        h.size desc limit 1";
    COSIGNATURES = "select line from checkpoint_cosignatures where size = $1 \
        order by at_ms, witness";
    ADD_COSIGNATURE = "insert into checkpoint_cosignatures (size, witness, line, at_ms) \
        values ($1, $2, $3, $4) on conflict do nothing";
    COSIGNED = "select max(size) from checkpoint_cosignatures where witness = $1";
    WITNESSES = "select witness, size, outcome, at_ms, failing_since_ms \
        from checkpoint_witnesses order by witness";
    NOTE_WITNESS = "insert into checkpoint_witnesses \
        (witness, size, outcome, at_ms, failing_since_ms) values ($1, $2, $3, $4, $5) \
        on conflict (witness) do update set size = excluded.size, outcome = excluded.outcome, \
        at_ms = excluded.at_ms, failing_since_ms = case when excluded.failing_since_ms is null \
        then null else coalesce(checkpoint_witnesses.failing_since_ms, \
        excluded.failing_since_ms) end";
}

impl CheckpointLog<'_> {
    /// The epochs after the first one, oldest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn epochs(&mut self) -> Result<Vec<StoredEpoch>, StoreError> {
        let rows = self.bound.platform_rows(&EPOCHS, values![])?;
        rows.into_iter()
            .map(|mut row| Ok(StoredEpoch { epoch: Epoch(row.count()?), size: row.count()? }))
            .collect()
    }

    /// Begins an epoch.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one of this name or size; the engine's.
    pub fn begin_epoch(&mut self, begun: StoredEpoch) -> Result<(), StoreError> {
        self.bound.platform_change_one(&BEGIN_EPOCH, values![begun.epoch.0, begun.size])
    }

    /// Where the leaf with this commitment stands; `None` when there is none.
    ///
    /// # Errors
    /// The engine's.
    pub fn place(&mut self, commitment: [u8; 32]) -> Result<Option<u64>, StoreError> {
        self.bound.platform_one(&PLACE, values![commitment])?.map(|mut row| row.count()).transpose()
    }

    /// At most `count` leaves from index `from` on, in order.
    ///
    /// # Errors
    /// The engine's.
    pub fn leaves(&mut self, from: u64, count: u32) -> Result<Vec<BlindedCheckpoint>, StoreError> {
        let rows = self.bound.platform_rows(&LEAVES, values![from, count])?;
        rows.into_iter()
            .map(|mut row| {
                Ok(BlindedCheckpoint { pseudonym: row.array()?, commitment: row.array()? })
            })
            .collect()
    }

    /// The hash of a complete subtree; `level` 0 is a leaf.
    ///
    /// # Errors
    /// The engine's.
    pub fn node(&mut self, level: u32, index: u64) -> Result<Option<[u8; 32]>, StoreError> {
        let row = match level {
            0 => self.bound.platform_one(&LEAF, values![index])?,
            _ => self.bound.platform_one(&NODE, values![level, index])?,
        };
        row.map(|mut row| row.array()).transpose()
    }

    /// The newest head; `None` before the first.
    ///
    /// # Errors
    /// The engine's.
    pub fn head(&mut self) -> Result<Option<Head>, StoreError> {
        let row = self.bound.platform_one(&HEAD, values![])?;
        self.head_from(row)
    }

    /// The head of exactly this size.
    ///
    /// # Errors
    /// The engine's.
    pub fn head_of_size(&mut self, size: u64) -> Result<Option<Head>, StoreError> {
        let row = self.bound.platform_one(&HEAD_OF_SIZE, values![size])?;
        self.head_from(row)
    }

    /// Of the newest `count` heads that cover leaf `index`, the one with most cosignatures; the
    /// newest of several.
    ///
    /// # Errors
    /// The engine's.
    pub fn best_head(&mut self, index: u64, count: u32) -> Result<Option<Head>, StoreError> {
        let row = self.bound.platform_one(&BEST_HEAD, values![index, count])?;
        self.head_from(row)
    }

    /// Appends leaves, the subtrees they complete, and the head over all of it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: another publisher was faster; read again.
    pub fn append(
        &mut self,
        leaves: &[NewBlindedLeaf],
        nodes: &[NewNode],
        head: &NewCheckpoint,
    ) -> Result<(), StoreError> {
        for NewBlindedLeaf { index, leaf } in leaves {
            self.bound.platform_change_one(
                &ADD_LEAF,
                values![*index, leaf.pseudonym, leaf.commitment, leaf.leaf()],
            )?;
        }
        for node in nodes {
            self.bound
                .platform_change_one(&ADD_NODE, values![node.level, node.index, node.hash])?;
        }
        let now = self.bound.now();
        self.bound
            .platform_change_one(&ADD_HEAD, values![head.size, head.root, now, head.note.as_str()])
    }

    /// Keeps a witness's signature line for the head of this size; the first one stays.
    ///
    /// # Errors
    /// The engine's.
    pub fn cosigned(&mut self, size: u64, witness: &str, line: &str) -> Result<(), StoreError> {
        let now = self.bound.now();
        let values = values![size, witness, line, now];
        self.bound.platform_run(&ADD_COSIGNATURE, values).map(drop)
    }

    /// The largest size that a witness cosigned; `None` when it has cosigned nothing.
    ///
    /// # Errors
    /// The engine's.
    pub fn cosigned_up_to(&mut self, witness: &str) -> Result<Option<u64>, StoreError> {
        let row = self.bound.platform_one(&COSIGNED, values![witness])?;
        let size = row.map_or(Ok(None), |mut row| row.optional_int())?;
        size.map(|size| u64::try_from(size).map_err(|_| StoreError::Corrupt)).transpose()
    }

    /// What every witness that was ever asked said last.
    ///
    /// # Errors
    /// The engine's.
    pub fn witnesses(&mut self) -> Result<Vec<WitnessState>, StoreError> {
        let rows = self.bound.platform_rows(&WITNESSES, values![])?;
        rows.into_iter()
            .map(|mut row| {
                Ok(WitnessState {
                    witness: row.text()?,
                    size: row.count()?,
                    outcome: row.text()?,
                    at: row.time()?,
                    failing_since: row.optional_time()?,
                })
            })
            .collect()
    }

    /// Notes that a call to a witness ended well.
    ///
    /// # Errors
    /// The engine's.
    pub fn witness_answered(&mut self, witness: &str, size: u64) -> Result<(), StoreError> {
        self.note(witness, size, "cosigned", None)
    }

    /// Notes that a call to a witness ended badly, and how. The first such moment is kept.
    ///
    /// # Errors
    /// The engine's.
    pub fn witness_failed(
        &mut self,
        witness: &str,
        size: u64,
        outcome: &str,
    ) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.note(witness, size, outcome, Some(now))
    }

    fn note(
        &mut self,
        witness: &str,
        size: u64,
        outcome: &str,
        failing: Option<TimeMs>,
    ) -> Result<(), StoreError> {
        let now = self.bound.now();
        let values = values![witness, size, outcome, now, failing];
        self.bound.platform_change_one(&NOTE_WITNESS, values)
    }

    fn head_from(&mut self, row: Option<Row>) -> Result<Option<Head>, StoreError> {
        let Some(mut row) = row else { return Ok(None) };
        let (size, root) = (row.count()?, row.array()?);
        let (at, note) = (row.time()?, row.text()?);
        let lines = self.bound.platform_rows(&COSIGNATURES, values![size])?;
        let cosignatures = lines.into_iter().map(|mut row| row.text()).collect::<Result<_, _>>()?;
        Ok(Some(Head { size, root, at, note, cosignatures }))
    }
}

impl Head {
    /// The note with every cosignature that came.
    #[must_use]
    pub fn cosigned_note(&self) -> String {
        let mut note = self.note.clone();
        note.extend(self.cosignatures.iter().map(String::as_str));
        note
    }
}

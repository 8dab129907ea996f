//! Moving entries into a stream's tree, and the checkpoints over it.
//!
//! Always true
//! 1. Indices are dense: a leaf's index is a primary key, and the sequencer appends at the size of
//!    the newest checkpoint. Two sequencers at once conflict on that key, and one of them rolls
//!    back.
//! 2. An entry that waits becomes a leaf, and stops waiting, in one transaction.

use domain::{EntryId, TimeMs};
use ledger::{Stream, Verb};

use crate::StoreError;
use crate::bound::Bound;
use crate::sql::tenant_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Entries that wait for an index, and the tree they move into.
    pub Tree
}

handle! {
    /// How much of the broker's journal was copied into this unit's log.
    pub JournalMark
}

/// An entry that waits for an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingEntry {
    /// Its id.
    pub entry: EntryId,
    /// Its leaf hash.
    pub hash: [u8; 32],
    /// When it was written.
    pub at: TimeMs,
}

impl PendingEntry {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { entry: row.id()?, hash: row.array()?, at: row.time()? })
    }
}

/// A leaf to append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLeaf {
    /// Its index.
    pub index: u64,
    /// The entry it stands for.
    pub entry: EntryId,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A subtree that became complete; its level is 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewNode {
    /// Its height above the leaves.
    pub level: u32,
    /// Its place on its level.
    pub index: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A signed checkpoint to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckpoint {
    /// How many leaves it covers.
    pub size: u64,
    /// Their root.
    pub root: [u8; 32],
    /// The whole signed note.
    pub note: String,
}

/// A stored checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many leaves it covers.
    pub size: u64,
    /// Their root.
    pub root: [u8; 32],
    /// When it was stored.
    pub at: TimeMs,
    /// The whole signed note.
    pub note: String,
}

impl StoredCheckpoint {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { size: row.count()?, root: row.array()?, at: row.time()?, note: row.text()? })
    }
}

tenant_statements! { "tree":
    PENDING = "select p.entry_id, e.hash, e.at_ms from audit_pending p \
        join audit_entries e on e.tenant_id = $1 and e.entry_id = p.entry_id \
        where p.tenant_id = $1 and p.stream = $2 order by p.entry_id limit $3";
    PENDING_VERB = "select p.entry_id, e.hash, e.at_ms from audit_pending p \
        join audit_entries e on e.tenant_id = $1 and e.entry_id = p.entry_id \
        where p.tenant_id = $1 and p.stream = $2 and e.verb = $3 order by p.entry_id limit $4";
    OLDEST = "select min(e.at_ms) from audit_pending p \
        join audit_entries e on e.tenant_id = $1 and e.entry_id = p.entry_id \
        where p.tenant_id = $1";
    SETTLE = "delete from audit_pending \
        where tenant_id = $1 and stream = $2 and entry_id = $3";
    ADD_LEAF = "insert into audit_leaves (tenant_id, stream, leaf_index, entry_id, hash) \
        values ($1, $2, $3, $4, $5)";
    ADD_NODE = "insert into audit_nodes (tenant_id, stream, level, node_index, hash) \
        values ($1, $2, $3, $4, $5)";
    ADD_CHECKPOINT = "insert into audit_checkpoints (tenant_id, stream, size, root, at_ms, note) \
        values ($1, $2, $3, $4, $5, $6)";
    NEWEST_CHECKPOINT = "select size, root, at_ms, note from audit_checkpoints \
        where tenant_id = $1 and stream = $2 order by size desc limit 1";
    CHECKPOINT_WITHIN = "select size, root, at_ms, note from audit_checkpoints \
        where tenant_id = $1 and stream = $2 and size > $3 and size <= $4 \
        order by size desc limit 1";
    MARK = "select seq from journal_marks where tenant_id = $1";
    SET_MARK = "insert into journal_marks (tenant_id, seq) values ($1, $2) \
        on conflict (tenant_id) do update set seq = excluded.seq \
        where journal_marks.seq < excluded.seq";
}

pub(super) fn newest_checkpoint(
    bound: &mut Bound,
    stream: Stream,
) -> Result<Option<StoredCheckpoint>, StoreError> {
    bound
        .one(&NEWEST_CHECKPOINT, values![stream.as_str()])?
        .map(StoredCheckpoint::from_row)
        .transpose()
}

pub(super) fn checkpoint_within(
    bound: &mut Bound,
    stream: Stream,
    from: u64,
    until: u64,
) -> Result<Option<StoredCheckpoint>, StoreError> {
    bound
        .one(&CHECKPOINT_WITHIN, values![stream.as_str(), from, until])?
        .map(StoredCheckpoint::from_row)
        .transpose()
}

impl Tree<'_> {
    /// Entries of a stream that wait for an index, oldest id first.
    ///
    /// # Errors
    /// The engine's.
    pub fn pending(&mut self, stream: Stream, count: u32) -> Result<Vec<PendingEntry>, StoreError> {
        let rows = self.bound.rows(&PENDING, values![stream.as_str(), count])?;
        rows.into_iter().map(PendingEntry::from_row).collect()
    }

    /// The same, of one verb only.
    ///
    /// # Errors
    /// The engine's.
    pub fn pending_of(&mut self, verb: Verb, count: u32) -> Result<Vec<PendingEntry>, StoreError> {
        let parameters = values![verb.stream().as_str(), verb.as_str(), count];
        let rows = self.bound.rows(&PENDING_VERB, parameters)?;
        rows.into_iter().map(PendingEntry::from_row).collect()
    }

    /// When the oldest waiting entry was written; `None` when none waits.
    ///
    /// # Errors
    /// The engine's.
    pub fn oldest_pending(&mut self) -> Result<Option<TimeMs>, StoreError> {
        self.bound.one(&OLDEST, values![])?.map_or(Ok(None), |mut row| row.optional_time())
    }

    /// The newest checkpoint of a stream; `None` before the first.
    ///
    /// # Errors
    /// The engine's.
    pub fn checkpoint(&mut self, stream: Stream) -> Result<Option<StoredCheckpoint>, StoreError> {
        newest_checkpoint(self.bound, stream)
    }

    /// Appends leaves, the subtrees they complete, and the checkpoint over all of it; the entries
    /// stop waiting.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: another sequencer was faster; read again.
    pub fn append(
        &mut self,
        stream: Stream,
        leaves: &[NewLeaf],
        nodes: &[NewNode],
        checkpoint: &NewCheckpoint,
    ) -> Result<(), StoreError> {
        for leaf in leaves {
            self.bound.change_one(
                &ADD_LEAF,
                values![stream.as_str(), leaf.index, leaf.entry, leaf.hash],
            )?;
            self.bound.change_one(&SETTLE, values![stream.as_str(), leaf.entry])?;
        }
        for node in nodes {
            self.bound.change_one(
                &ADD_NODE,
                values![stream.as_str(), node.level, node.index, node.hash],
            )?;
        }
        let now = self.bound.now();
        self.bound.change_one(
            &ADD_CHECKPOINT,
            values![
                stream.as_str(),
                checkpoint.size,
                checkpoint.root,
                now,
                checkpoint.note.as_str(),
            ],
        )
    }
}

impl JournalMark<'_> {
    /// The newest journal entry that was copied into this unit's log; 0 when none was.
    ///
    /// # Errors
    /// The engine's.
    pub fn seq(&mut self) -> Result<u64, StoreError> {
        self.bound.one(&MARK, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Notes that the journal was copied up to `seq`. `false`: that was noted before, so the
    /// entries of this transaction would be copies of copies; end it with an error.
    ///
    /// # Errors
    /// The engine's.
    pub fn advance(&mut self, seq: u64) -> Result<bool, StoreError> {
        self.bound.change_if(&SET_MARK, values![seq])
    }
}

//! Gives waiting entries their places in a log, and has the longer log signed.
//!
//! Always true
//! 1. Leaves, nodes, checkpoint, and the end of the entries' waiting are one transaction. Killed at
//!    any instant, the log is either as before or longer by the whole batch.
//! 2. The transaction compares the log's size with the one the batch was computed for, and the key
//!    (unit, stream, index) is unique: of several sequencers one appends, the others read again.
//! 3. A checkpoint that lost that race was signed but is stored nowhere and shown to nobody.
//!
//! Source: the order "sign, then compare and swap, then publish" is that of Sunlight (FiloSottile).

use broker::Broker;
use domain::RequestId;
use domain::limits::ENTRIES_PER_BATCH_MAX;
use ledger::{Checkpoint, Epoch, Hash, LogOrigin, Stream};
use store::{
    AuditTx, Caller, Commit, NewCheckpoint, NewLeaf, NewNode, PendingEntry, QuietReason, Store,
    StoreError, StoredEpoch, Unit,
};

use crate::nodes::StoredNodes;
use crate::{Damage, NotaryError, epochs};

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequenced {
    /// How many entries got an index.
    pub entries: usize,
    /// The size of the log now.
    pub size: u64,
    /// Whether entries may still be waiting, because the batch was full.
    pub more: bool,
}

/// Appends at most [`ENTRIES_PER_BATCH_MAX`] waiting entries to one log, oldest first. An empty log
/// that was never signed gets a checkpoint of size 0.
///
/// # Errors
/// [`NotaryError::Raced`]: nothing was stored, call again. [`NotaryError::Damaged`]: the stored log
/// does not add up to its last checkpoint, and is left as it is. [`NotaryError::Broker`],
/// [`NotaryError::Store`].
pub async fn sequence(
    store: &Store,
    broker: &Broker,
    unit: Unit,
    stream: Stream,
) -> Result<Sequenced, NotaryError> {
    let batch = store.unit_read(unit, move |tx| Batch::load(tx, stream)).await?;
    let done = Sequenced {
        entries: batch.leaves.len(),
        size: batch.size,
        more: batch.leaves.len() == ENTRIES_PER_BATCH_MAX,
    };
    if batch.leaves.is_empty() && batch.before.is_some() {
        return Ok(done);
    }
    let origin = LogOrigin::new(store.instance(), store.unit_id(unit), stream);
    let origin = origin.in_epoch(batch.epoch);
    let checkpoint = Checkpoint { origin, size: batch.size, root: batch.root };
    let note = broker.sign_checkpoint(&checkpoint).await?;
    let caller = Caller::system("sequencer", store.mint().id::<RequestId>());
    store.unit_write(unit, &caller, move |tx| batch.append(tx, stream, note)).await?;
    Ok(done)
}

/// The next leaves of a log and what they make of it, computed and not yet stored.
struct Batch {
    /// Size and root before; `None` for a log that was never signed.
    before: Option<(u64, Hash)>,
    leaves: Vec<NewLeaf>,
    nodes: Vec<NewNode>,
    size: u64,
    root: Hash,
    epoch: Epoch,
}

impl Batch {
    fn load(tx: &mut AuditTx<'_>, stream: Stream) -> Result<Self, NotaryError> {
        let before = last_signed(tx, stream)?;
        let (size, signed_root) = before.unzip();
        let size = size.unwrap_or(0);
        let mut frontier = StoredNodes::new(&mut tx.audit(), stream).frontier(size)?;
        // A signature on top of a changed tree would make the change ours.
        if signed_root.is_some_and(|root| root != frontier.root()) {
            return Err(Damage::Root { size }.into());
        }
        let epochs = tx.epochs().list(stream)?;
        let pending = pending(tx, stream, &epochs, size)?;
        let (mut leaves, mut nodes) = (Vec::with_capacity(pending.len()), Vec::new());
        for entry in pending {
            let index = frontier.size();
            leaves.push(NewLeaf { index, entry: entry.entry, hash: entry.hash });
            frontier.append(entry.hash, |position, hash| {
                let level = u32::from(position.level);
                nodes.push(NewNode { level, index: position.index, hash });
            });
        }
        let (size, root) = (frontier.size(), frontier.root());
        let epoch = store::epoch_at(&epochs, size);
        Ok(Self { before, leaves, nodes, size, root, epoch })
    }

    fn append(
        self,
        tx: &mut AuditTx<'_>,
        stream: Stream,
        note: String,
    ) -> Result<Commit<()>, NotaryError> {
        if last_signed(tx, stream)? != self.before {
            return Err(NotaryError::Raced);
        }
        let checkpoint = NewCheckpoint { size: self.size, root: self.root, note };
        tx.tree().append(stream, &self.leaves, &self.nodes, &checkpoint).map_err(|error| {
            match error {
                StoreError::Conflict => NotaryError::Raced,
                other => other.into(),
            }
        })?;
        Ok(Commit::quiet(QuietReason::Sequencing, ()))
    }
}

/// The entries that are next. After a restore the entry that opens the epoch goes before those that
/// waited already when the backup was made.
fn pending(
    tx: &mut AuditTx<'_>,
    stream: Stream,
    epochs: &[StoredEpoch],
    size: u64,
) -> Result<Vec<PendingEntry>, StoreError> {
    let count = u32::try_from(ENTRIES_PER_BATCH_MAX).unwrap_or(u32::MAX);
    let mut pending = tx.tree().pending(stream, count)?;
    if epochs.last().is_some_and(|newest| newest.size >= size) {
        let mut first = tx.tree().pending_of(epochs::verb(stream), count)?;
        pending.retain(|entry| first.iter().all(|known| known.entry != entry.entry));
        first.append(&mut pending);
        first.truncate(ENTRIES_PER_BATCH_MAX);
        pending = first;
    }
    Ok(pending)
}

fn last_signed(tx: &mut AuditTx<'_>, stream: Stream) -> Result<Option<(u64, Hash)>, StoreError> {
    let newest = tx.tree().checkpoint(stream)?;
    Ok(newest.map(|checkpoint| (checkpoint.size, checkpoint.root)))
}

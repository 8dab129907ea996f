//! Puts the checkpoints of every log into the platform's log of checkpoints, and has it signed.
//!
//! Always true
//! 1. An opening is durable in the log's own unit before its leaf can exist; whoever was killed in
//!    between makes the same leaf again, and a leaf exists once.
//! 2. A log costs at most one leaf in a period, however much is written to it.
//! 3. The leaves of one batch are ordered by their blinded hash: their order tells nothing about
//!    whose they are.
//! 4. A log that does not continue what was published of it is reported, and not published.

use std::collections::BTreeMap;

use broker::Broker;
use domain::limits::ENTRIES_PER_BATCH_MAX;
use domain::{RequestId, TimeMs};
use ledger::{BlindedCheckpoint, Checkpoint, Epoch, Hash, LogOrigin, Opening, Stream};
use store::{
    AuditTx, Caller, CheckpointLog, Commit, NewBlindedLeaf, NewCheckpoint, NewNode, PlatformTx,
    QuietReason, Store, StoreError, StoredEpoch, StoredOpening, Unit,
};

use crate::nodes::{CheckpointNodes, frontier};
use crate::{Damage, NotaryError};

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// How many leaves were appended.
    pub leaves: usize,
    /// The size of the log of checkpoints now.
    pub size: u64,
    /// Logs that were passed over because they failed; each was reported.
    pub failed: usize,
}

/// Publishes the checkpoints of every unit's logs.
pub struct Publisher {
    store: Store,
    broker: Broker,
    period_ms: i64,
    /// Leaves that are known to exist, so that quiet logs cost no look-up.
    known: BTreeMap<(Unit, Stream), Hash>,
}

impl Publisher {
    /// A publisher that gives each log at most one leaf in `period_ms`.
    #[must_use]
    pub const fn new(store: Store, broker: Broker, period_ms: i64) -> Self {
        Self { store, broker, period_ms, known: BTreeMap::new() }
    }

    /// Goes over every log once. Two publishers at once hinder each other and harm nothing.
    ///
    /// # Errors
    /// [`NotaryError::Raced`]: another publisher was faster, the next round goes on.
    /// [`NotaryError::Damaged`]: the log of checkpoints does not add up to its last head, and is
    /// left as it is. [`NotaryError::Broker`], [`NotaryError::Store`].
    pub async fn round(&mut self) -> Result<Published, NotaryError> {
        let (mut waiting, mut failed) = (BTreeMap::new(), 0);
        for unit in self.store.units().await? {
            for stream in Stream::ALL {
                match self.due(unit, stream).await {
                    Ok(Some(leaf)) => {
                        waiting.insert(leaf.commitment, (unit, stream, leaf));
                    }
                    // Somebody else has just opened it, and will publish it as well.
                    Ok(None) | Err(NotaryError::Raced) => {}
                    Err(error) => {
                        tracing::warn!(?unit, %stream, %error, "a log was not published");
                        failed += 1;
                    }
                }
            }
        }
        let leaves: Vec<BlindedCheckpoint> = waiting.values().map(|(.., leaf)| *leaf).collect();
        let (mut appended, mut size) = (0, 0);
        // An empty log gets its first head as well, so that there is something to serve.
        let batches = leaves.chunks(ENTRIES_PER_BATCH_MAX).map(<[_]>::to_vec);
        let none = leaves.is_empty().then(Vec::new);
        for batch in batches.chain(none) {
            let done = self.append(batch).await?;
            (appended, size) = (appended + done.0, done.1);
        }
        for (commitment, (unit, stream, _)) in waiting {
            self.known.insert((unit, stream), commitment);
        }
        Ok(Published { leaves: appended, size, failed })
    }

    /// The newest leaf that a log should have, unless it is known to exist.
    async fn due(
        &self,
        unit: Unit,
        stream: Stream,
    ) -> Result<Option<BlindedCheckpoint>, NotaryError> {
        let origin = LogOrigin::new(self.store.instance(), self.store.unit_id(unit), stream);
        let period_ms = self.period_ms;
        let seen = self.store.unit_read(unit, move |tx| next(tx, stream, period_ms)).await?;
        let opening = match seen {
            Next::Nothing => return Ok(None),
            Next::Known(opening) => opening,
            Next::Due => {
                let caller = Caller::system("publisher", self.store.mint().id::<RequestId>());
                let opened = self.store.unit_write(unit, &caller, move |tx| {
                    let opening = open(tx, stream, period_ms)?;
                    Ok::<_, NotaryError>(Commit::quiet(QuietReason::Publishing, opening))
                });
                match opened.await?.value {
                    Some(opening) => opening,
                    None => return Ok(None),
                }
            }
        };
        let leaf = opening.blinded(&origin);
        let known = self.known.get(&(unit, stream)) == Some(&leaf.commitment);
        Ok(Some(leaf).filter(|_| !known))
    }

    /// Appends the leaves that do not exist yet; how many, and the size after it.
    async fn append(&self, leaves: Vec<BlindedCheckpoint>) -> Result<(usize, u64), NotaryError> {
        let batch = self.store.platform_read(move |tx| Batch::load(tx, &leaves)).await?;
        let done = (batch.leaves.len(), batch.size);
        if batch.leaves.is_empty() && batch.before.is_some() {
            return Ok(done);
        }
        let origin = LogOrigin::of_checkpoints(self.store.instance()).in_epoch(batch.epoch);
        let checkpoint = Checkpoint { origin, size: batch.size, root: batch.root };
        let note = self.broker.sign_checkpoint(&checkpoint).await?;
        let caller = Caller::system("publisher", self.store.mint().id::<RequestId>());
        self.store.platform_write(&caller, move |tx| batch.append(tx, note)).await?;
        Ok(done)
    }
}

/// An opening together with the name it is published under.
struct Named {
    pseudonym: [u8; 16],
    epochs: Vec<StoredEpoch>,
    stored: StoredOpening,
}

impl Named {
    fn blinded(&self, origin: &LogOrigin) -> BlindedCheckpoint {
        opening_of(origin, &self.epochs, self.pseudonym, &self.stored).blinded()
    }
}

/// The opening of a stored row, under the name that the log had at its size.
pub(crate) fn opening_of(
    origin: &LogOrigin,
    epochs: &[StoredEpoch],
    pseudonym: [u8; 16],
    stored: &StoredOpening,
) -> Opening {
    let StoredOpening { size, root, nonce, .. } = *stored;
    let origin = origin.in_epoch(store::epoch_at(epochs, size));
    Opening { pseudonym, nonce, checkpoint: Checkpoint { origin, size, root } }
}

/// What a log needs.
enum Next {
    /// It has no entry yet.
    Nothing,
    /// Its newest opening is the one to publish.
    Known(Named),
    /// A checkpoint is newer, and its time has come.
    Due,
}

fn next(tx: &mut AuditTx<'_>, stream: Stream, period_ms: i64) -> Result<Next, NotaryError> {
    let checkpoint = tx.tree().checkpoint(stream)?;
    let newest = tx.openings().newest(stream, 1)?.into_iter().next();
    let Some(opening) = newest else {
        let begun = checkpoint.is_some_and(|checkpoint| checkpoint.size > 0);
        return Ok(if begun { Next::Due } else { Next::Nothing });
    };
    let published = Damage::Published { size: opening.size };
    // A log that was cut back or rewritten is not published under its own name again.
    let checkpoint = checkpoint.filter(|checkpoint| checkpoint.size >= opening.size);
    let checkpoint = checkpoint.ok_or(published)?;
    if frontier(&mut crate::nodes::StoredNodes::new(&mut tx.audit(), stream), opening.size)?.root()
        != opening.root
    {
        return Err(published.into());
    }
    if checkpoint.size > opening.size && is_over(opening.at, period_ms, tx.now()) {
        return Ok(Next::Due);
    }
    let pseudonym = tx.openings().pseudonym(stream)?.ok_or(published)?;
    let epochs = tx.epochs().list(stream)?;
    Ok(Next::Known(Named { pseudonym, epochs, stored: opening }))
}

fn is_over(since: TimeMs, period_ms: i64, now: TimeMs) -> bool {
    since.plus_ms(period_ms) <= now
}

/// Writes the opening of the newest checkpoint, unless somebody else just did.
fn open(
    tx: &mut AuditTx<'_>,
    stream: Stream,
    period_ms: i64,
) -> Result<Option<Named>, NotaryError> {
    if !matches!(next(tx, stream, period_ms)?, Next::Due) {
        return Err(NotaryError::Raced);
    }
    let Some(checkpoint) = tx.tree().checkpoint(stream)? else { return Ok(None) };
    let pseudonym = match tx.openings().pseudonym(stream)? {
        Some(pseudonym) => pseudonym,
        None => {
            let fresh = tx.mint().bytes();
            tx.openings().name(stream, fresh)?;
            fresh
        }
    };
    let nonce = tx.mint().bytes();
    tx.openings().add(stream, checkpoint.size, checkpoint.root, nonce)?;
    let (size, root, at) = (checkpoint.size, checkpoint.root, tx.now());
    let epochs = tx.epochs().list(stream)?;
    Ok(Some(Named { pseudonym, epochs, stored: StoredOpening { size, root, nonce, at } }))
}

/// The next leaves of the log of checkpoints and what they make of it, not yet stored.
struct Batch {
    /// Size and root before; `None` for a log that was never signed.
    before: Option<(u64, Hash)>,
    leaves: Vec<NewBlindedLeaf>,
    nodes: Vec<NewNode>,
    size: u64,
    root: Hash,
    epoch: Epoch,
}

impl Batch {
    fn load(tx: &mut PlatformTx<'_>, wanted: &[BlindedCheckpoint]) -> Result<Self, NotaryError> {
        let mut log = tx.checkpoint_log();
        let before = last_signed(&mut log)?;
        let (size, signed_root) = before.unzip();
        let size = size.unwrap_or(0);
        let mut frontier = frontier(&mut CheckpointNodes(&mut log), size)?;
        // A signature on top of a changed tree would make the change ours.
        if signed_root.is_some_and(|root| root != frontier.root()) {
            return Err(Damage::Root { size }.into());
        }
        let (mut leaves, mut nodes) = (Vec::with_capacity(wanted.len()), Vec::new());
        for &leaf in wanted {
            if log.place(leaf.commitment)?.is_some() {
                continue;
            }
            leaves.push(NewBlindedLeaf { index: frontier.size(), leaf });
            frontier.append(leaf.leaf(), |position, hash| {
                let level = u32::from(position.level);
                nodes.push(NewNode { level, index: position.index, hash });
            });
        }
        let (size, root) = (frontier.size(), frontier.root());
        let epoch = store::epoch_at(&log.epochs()?, size);
        Ok(Self { before, leaves, nodes, size, root, epoch })
    }

    fn append(self, tx: &mut PlatformTx<'_>, note: String) -> Result<Commit<()>, NotaryError> {
        let mut log = tx.checkpoint_log();
        if last_signed(&mut log)? != self.before {
            return Err(NotaryError::Raced);
        }
        let head = NewCheckpoint { size: self.size, root: self.root, note };
        log.append(&self.leaves, &self.nodes, &head).map_err(|error| match error {
            StoreError::Conflict => NotaryError::Raced,
            other => other.into(),
        })?;
        Ok(Commit::quiet(QuietReason::Publishing, ()))
    }
}

fn last_signed(log: &mut CheckpointLog<'_>) -> Result<Option<(u64, Hash)>, StoreError> {
    Ok(log.head()?.map(|head| (head.size, head.root)))
}

//! Begins a new epoch of every log after a restore.
//!
//! Always true
//! 1. Every log of every unit gets its epoch before anything is served, and before anything is
//!    signed: the old name never signs what comes after the restored size.
//! 2. The entry that opens an epoch names the last known checkpoint, the backup, and the time that
//!    is lost; the sequencer puts it first.
//!
//! Choice: docs/decisions/0023-a-restore-begins-an-epoch.md.

use domain::{RequestId, TimeMs};
use ledger::{AuditEvent, Epoch, LogOrigin, Stream, Verb};
use serde_json::json;
use store::{AuditTx, Caller, Commit, PlatformTx, QuietReason, Store, StoredEpoch};

use crate::NotaryError;

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredFrom {
    /// The backup's number.
    pub backup: u64,
    /// When it was made: what happened since is lost.
    pub made_at: TimeMs,
}

/// Begins an epoch of every log. Repeating it after it was cut off begins what is missing.
///
/// # Errors
/// [`NotaryError::Store`]; logs may be without their epoch then, and nothing may be served.
pub async fn begin_epochs(store: &Store, from: RestoredFrom) -> Result<Epoch, NotaryError> {
    let epoch = Epoch(store.mint().now().0.unsigned_abs().max(1));
    let caller = Caller::system("restore", store.mint().id::<RequestId>());
    for unit in store.units().await? {
        let id = store.unit_id(unit);
        for stream in Stream::ALL {
            let origin = LogOrigin::new(store.instance(), id, stream);
            let begin = move |tx: &mut AuditTx<'_>| begin_one(tx, &origin, stream, epoch, from);
            store.unit_write::<(), NotaryError>(unit, &caller, begin).await?;
        }
    }
    store.platform_write(&caller, move |tx| begin_of_checkpoints(tx, epoch)).await?;
    Ok(epoch)
}

/// The verb of the entry that opens an epoch of this stream.
pub(crate) const fn verb(stream: Stream) -> Verb {
    match stream {
        Stream::Workspace => Verb::LogEpochOpened,
        Stream::Security => Verb::SecurityLogEpochOpened,
    }
}

fn begin_one(
    tx: &mut AuditTx<'_>,
    origin: &LogOrigin,
    stream: Stream,
    epoch: Epoch,
    from: RestoredFrom,
) -> Result<Commit<()>, NotaryError> {
    let known = tx.epochs().list(stream)?;
    let last = tx.audit().checkpoint(stream)?;
    let signed = last.as_ref().map_or(0, |checkpoint| checkpoint.size);
    // A restored log may hold epochs whose entries still wait: they go first, in their order.
    let waiting = known.iter().filter(|known| known.size >= signed).count();
    let size = signed.saturating_add(u64::try_from(waiting).unwrap_or(u64::MAX));
    // Two restores in one millisecond, or a clock that was set back.
    let epoch = known.last().map_or(epoch, |newest| epoch.max(Epoch(newest.epoch.0 + 1)));
    tx.epochs().begin(stream, StoredEpoch { epoch, size })?;
    let event = AuditEvent::new(verb(stream), "log", origin.in_epoch(epoch))
        .old_value(json!({ "checkpoint": last.map(|checkpoint| checkpoint.note) }))
        .new_value(json!({
            "epoch": epoch.0, "size": size, "backup": from.backup,
            "lost_from_ms": from.made_at.0, "lost_to_ms": tx.now().0,
        }));
    Ok(Commit::audited(event, ()))
}

fn begin_of_checkpoints(tx: &mut PlatformTx<'_>, epoch: Epoch) -> Result<Commit<()>, NotaryError> {
    let mut log = tx.checkpoint_log();
    let size = log.head()?.map_or(0, |head| head.size);
    let newest = log.epochs()?.pop();
    if newest.is_some_and(|newest| newest.size == size) {
        // Nothing was signed since the restore before this one; its name was never used.
        return Ok(Commit::unchanged(()));
    }
    let epoch = newest.map_or(epoch, |newest| epoch.max(Epoch(newest.epoch.0 + 1)));
    log.begin_epoch(StoredEpoch { epoch, size })?;
    Ok(Commit::quiet(QuietReason::Publishing, ()))
}

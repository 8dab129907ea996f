//! What one try sends: the entries from the cursor on, as far as they are signed.
//!
//! Always true
//! 1. A stream is claimed and its batch's end is noted in one transaction, so that a try that is
//!    repeated has the same entries.
//! 2. A batch has one entry at least, and stays within [`limits::STREAM_BATCH_ENTRIES_MAX`] and,
//!    from its second entry on, [`limits::STREAM_BATCH_BYTES_MAX`].

use domain::{AuditStreamId, TenantId, limits};
use store::{
    AuditTx, Commit, LoggedEntry, QuietReason, StoreError, StoredCheckpoint, Stream, Unit,
};

use super::sender::Sender;
use crate::NotaryError;

/// A batch on its way.
#[derive(Debug)]
pub(super) struct Batch {
    /// The stream, held.
    pub(super) stream: Stream,
    /// The entries, in the order of their indices.
    pub(super) entries: Vec<LoggedEntry>,
    /// The index after the last one.
    pub(super) end: u64,
    /// The newest checkpoint that ends in this batch.
    pub(super) checkpoint: Option<StoredCheckpoint>,
}

impl Batch {
    /// The index before the first one; `None` at the log's beginning.
    pub(super) const fn previous(&self) -> Option<u64> {
        self.stream.next_index.checked_sub(1)
    }
}

/// Streams of a workspace that are due and have something to send.
pub(super) async fn due(
    sender: &Sender,
    tenant: TenantId,
) -> Result<Vec<AuditStreamId>, NotaryError> {
    let now = sender.store.mint().now();
    sender
        .store
        .unit_read(Unit::Tenant(tenant), move |tx| {
            let mut due = Vec::new();
            for stream in tx.streams().list()? {
                let running = stream.state == domain::streams::StreamState::Running;
                if running && stream.due_at <= now && stream.next_index < signed(tx, &stream)? {
                    due.push(stream.id);
                }
            }
            Ok(due)
        })
        .await
}

/// How many entries of the stream's log are signed.
fn signed(tx: &mut AuditTx<'_>, stream: &Stream) -> Result<u64, StoreError> {
    Ok(tx.tree().checkpoint(stream.log)?.map_or(0, |newest| newest.size))
}

/// Takes a stream with its next batch. `None`: it is not due, somebody else holds it, or there is
/// nothing to send.
pub(super) async fn claim(
    sender: &Sender,
    tenant: TenantId,
    id: AuditStreamId,
) -> Result<Option<Batch>, NotaryError> {
    let claimed = sender
        .store
        .unit_write::<_, NotaryError>(Unit::Tenant(tenant), &sender.caller(), move |tx| {
            let claimed = match tx.streams().claim(id, limits::STREAM_LEASE_MS)? {
                Some(stream) => begin(tx, stream)?,
                None => None,
            };
            Ok(Commit::quiet(QuietReason::StreamStep, claimed))
        })
        .await?;
    Ok(claimed.value)
}

fn begin(tx: &mut AuditTx<'_>, stream: Stream) -> Result<Option<Batch>, NotaryError> {
    let (log, next) = (stream.log, stream.next_index);
    let found = tx.audit().range(log, next, limits::STREAM_BATCH_ENTRIES_MAX)?;
    // A batch whose entries were all dropped since, before the log's boundary, is begun anew: the
    // receiver sees the gap, and the entry about the boundary explains it.
    let first = found.first().and_then(|entry| entry.index);
    let begun = stream.batch_end.filter(|end| first.is_none_or(|first| first < *end));
    let limit = begun.unwrap_or(u64::MAX).min(signed(tx, &stream)?);
    let entries = within(found, limit, begun.is_some());
    let Some(last) = entries.last().and_then(|entry| entry.index) else {
        tx.streams().release(&stream)?;
        return Ok(None);
    };
    let end = last + 1;
    tx.streams().begin_batch(&stream, end)?;
    let checkpoint = tx.audit().checkpoint_within(log, next, end)?;
    Ok(Some(Batch { stream, entries, end, checkpoint }))
}

/// The entries before `limit`; of a batch that is begun anew, as many as its bytes allow.
fn within(found: Vec<LoggedEntry>, limit: u64, begun: bool) -> Vec<LoggedEntry> {
    let mut bytes = 0_usize;
    let mut entries = Vec::with_capacity(found.len());
    for entry in found {
        bytes = bytes.saturating_add(entry.body.len());
        let fits = begun || entries.is_empty() || bytes <= limits::STREAM_BATCH_BYTES_MAX;
        if !fits || entry.index.is_none_or(|index| index >= limit) {
            break;
        }
        entries.push(entry);
    }
    entries
}

//! Takes a log's own proofs out of the log of checkpoints.
//!
//! Always true: an opening goes to readers of its log only; it alone tells whose a leaf is.

use domain::Scope;
use ledger::{LogOrigin, Opening, ProofFile, Stream, tree};
use store::{PlatformTx, Store, StoredEpoch, StoredOpening};

use crate::nodes::CheckpointNodes;
use crate::publisher::opening_of;
use crate::{NotaryError, access};

/// Newest openings among which the best covered one is looked for.
pub(crate) const CANDIDATES: u32 = 16;
/// Newest heads among which the one with most cosignatures is looked for.
const HEADS_TRIED: u32 = 256;

/// A part of a log's openings, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// The openings.
    pub items: Vec<Opening>,
    /// Whether more follow.
    pub more: bool,
}

/// The openings of a log's published checkpoints after `size`: what finds every leaf of its own.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`], [`NotaryError::Store`].
pub async fn list_openings(
    store: &Store,
    scope: &Scope,
    stream: Stream,
    after: u64,
    count: u32,
) -> Result<Openings, NotaryError> {
    let origin = LogOrigin::new(store.instance(), scope.tenant(), stream);
    let found = store.read::<_, NotaryError>(scope, move |tx| {
        access::may_read(&access::authority(tx)?, stream)?;
        let (pseudonym, epochs) = (tx.openings().pseudonym(stream)?, tx.epochs().list(stream)?);
        Ok((pseudonym, epochs, tx.openings().after(stream, after, count.saturating_add(1))?))
    });
    let (Some(pseudonym), epochs, mut found) = found.await? else {
        return Ok(Openings { items: Vec::new(), more: false });
    };
    let more = found.len() > count as usize;
    found.truncate(count as usize);
    let opened = |stored: &StoredOpening| opening_of(&origin, &epochs, pseudonym, stored);
    Ok(Openings { items: found.iter().map(opened).collect(), more })
}

/// What a log's unit knows of its newest publications.
pub(crate) type Candidates = (Option<[u8; 16]>, Vec<StoredEpoch>, Vec<StoredOpening>);

/// The proof for the candidate that most witnesses cosigned, the newest of several; `None` when
/// none is in the log of checkpoints yet.
pub(crate) async fn best_proof(
    store: &Store,
    origin: LogOrigin,
    (pseudonym, epochs, candidates): Candidates,
) -> Result<Option<String>, NotaryError> {
    let Some(pseudonym) = pseudonym else { return Ok(None) };
    store
        .platform_read(move |tx| {
            let mut best: Option<(usize, String)> = None;
            for stored in &candidates {
                let opening = opening_of(&origin, &epochs, pseudonym, stored);
                let found = proof(tx, &opening)?;
                if let Some(found) = found
                    && best.as_ref().is_none_or(|known| known.0 < found.0)
                {
                    best = Some(found);
                }
            }
            Ok(best.map(|(_, proof)| proof))
        })
        .await
}

/// The proof for one opening, with the number of cosignatures it carries.
fn proof(
    tx: &mut PlatformTx<'_>,
    opening: &Opening,
) -> Result<Option<(usize, String)>, NotaryError> {
    let mut log = tx.checkpoint_log();
    let Some(index) = log.place(opening.commitment())? else { return Ok(None) };
    let Some(head) = log.best_head(index, HEADS_TRIED)? else { return Ok(None) };
    let path = tree::inclusion_proof(&mut CheckpointNodes(&mut log), index, head.size)?;
    let extra = Some(opening.text().into_bytes());
    let checkpoint = head.cosigned_note();
    let proof = ProofFile { extra, index, path, checkpoint };
    Ok(Some((head.cosignatures.len(), proof.text())))
}

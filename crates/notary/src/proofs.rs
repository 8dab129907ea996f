//! Checkpoints of a workspace's logs, and proofs against them.
//!
//! Always true: proofs are made for sizes up to the newest checkpoint only, so that each can be
//! checked against something signed.

use domain::Scope;
use ledger::tree::{self, NodeSource};
use ledger::{Hash, NodePosition, Stream};
use store::{Store, StoredCheckpoint, TenantTx};

use crate::nodes::StoredNodes;
use crate::{Damage, NotaryError, access};

/// Shows that a leaf is in the tree of some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The leaf's index.
    pub index: u64,
    /// The size of the tree.
    pub size: u64,
    /// The leaf's hash.
    pub leaf: Hash,
    /// The siblings, lowest first.
    pub path: Vec<Hash>,
}

/// Shows that the tree of one size is the beginning of the tree of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The smaller size.
    pub from: u64,
    /// The larger size.
    pub to: u64,
    /// The nodes, as RFC 6962 orders them.
    pub path: Vec<Hash>,
}

/// The newest signed checkpoint; `None` before the first.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`], [`NotaryError::Store`].
pub async fn latest_checkpoint(
    store: &Store,
    scope: &Scope,
    stream: Stream,
) -> Result<Option<StoredCheckpoint>, NotaryError> {
    store
        .read(scope, move |tx| {
            access::may_read(&access::authority(tx)?, stream)?;
            Ok(tx.audit().checkpoint(stream)?)
        })
        .await
}

/// The proof that the entry at `index` is in the log of `size` entries.
///
/// # Errors
/// [`NotaryError::NotFound`] unless `index < size` and a checkpoint covers `size`;
/// [`NotaryError::Dropped`] before the log's boundary; [`NotaryError::Denied`],
/// [`NotaryError::Damaged`], [`NotaryError::Store`].
pub async fn inclusion_proof(
    store: &Store,
    scope: &Scope,
    stream: Stream,
    index: u64,
    size: u64,
) -> Result<InclusionProof, NotaryError> {
    store
        .read(scope, move |tx| {
            covered(tx, stream, size)?;
            kept(tx, stream, index)?;
            let mut log = tx.audit();
            let mut nodes = StoredNodes::new(&mut log, stream);
            let path = tree::inclusion_proof(&mut nodes, index, size)?;
            let place = NodePosition { level: 0, index };
            let leaf = nodes.node(place)?.ok_or(Damage::Node(place))?;
            Ok(InclusionProof { index, size, leaf, path })
        })
        .await
}

/// The proof that the log of `to` entries continues the log of `from` entries.
///
/// # Errors
/// [`NotaryError::NotFound`] unless `from <= to` and a checkpoint covers `to`;
/// [`NotaryError::Dropped`] when `from` is before the log's boundary; [`NotaryError::Denied`],
/// [`NotaryError::Damaged`], [`NotaryError::Store`].
pub async fn consistency_proof(
    store: &Store,
    scope: &Scope,
    stream: Stream,
    from: u64,
    to: u64,
) -> Result<ConsistencyProof, NotaryError> {
    store
        .read(scope, move |tx| {
            covered(tx, stream, to)?;
            // The empty log is the beginning of every log, and needs no node.
            if from > 0 {
                kept(tx, stream, from)?;
            }
            let mut log = tx.audit();
            let mut nodes = StoredNodes::new(&mut log, stream);
            let path = tree::consistency_proof(&mut nodes, from, to)?;
            Ok(ConsistencyProof { from, to, path })
        })
        .await
}

/// The caller may read the log, and a signed checkpoint reaches as far as `size`.
fn covered(tx: &mut TenantTx<'_>, stream: Stream, size: u64) -> Result<(), NotaryError> {
    access::may_read(&access::authority(tx)?, stream)?;
    let newest = tx.audit().checkpoint(stream)?.map_or(0, |checkpoint| checkpoint.size);
    if size <= newest { Ok(()) } else { Err(NotaryError::NotFound) }
}

/// The index is not behind the boundary where the log begins.
pub(crate) fn kept(tx: &mut TenantTx<'_>, stream: Stream, index: u64) -> Result<(), NotaryError> {
    if stream != Stream::Security {
        return Ok(());
    }
    let edge = tx.retention().boundary()?.map_or(0, |(edge, _)| edge.first_index());
    if index < edge { Err(NotaryError::Dropped { first_index: edge }) } else { Ok(()) }
}

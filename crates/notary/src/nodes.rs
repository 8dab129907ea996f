//! The stored tree of one stream, as the proofs and the sequencer read it.

use ledger::tree::ProofError;
use ledger::{Frontier, Hash, NodePosition, NodeSource, Stream};
use store::{CheckpointLog, Log, StoreError};

use crate::{Damage, NotaryError};

/// The nodes of one stream.
pub(crate) struct StoredNodes<'l, 't> {
    log: &'l mut Log<'t>,
    stream: Stream,
}

impl<'l, 't> StoredNodes<'l, 't> {
    pub(crate) fn new(log: &'l mut Log<'t>, stream: Stream) -> Self {
        Self { log, stream }
    }

    /// The right edge of the tree when it had `size` leaves.
    pub(crate) fn frontier(&mut self, size: u64) -> Result<Frontier, NotaryError> {
        frontier(self, size)
    }
}

/// The nodes of the log of checkpoints.
pub(crate) struct CheckpointNodes<'l, 't>(pub(crate) &'l mut CheckpointLog<'t>);

impl NodeSource for CheckpointNodes<'_, '_> {
    type Error = StoreError;

    fn node(&mut self, position: NodePosition) -> Result<Option<Hash>, StoreError> {
        self.0.node(u32::from(position.level), position.index)
    }
}

/// The right edge of a stored tree when it had `size` leaves.
pub(crate) fn frontier<S: NodeSource<Error = StoreError>>(
    nodes: &mut S,
    size: u64,
) -> Result<Frontier, NotaryError> {
    let peaks = Frontier::positions(size)
        .map(|position| nodes.node(position)?.ok_or(Damage::Node(position).into()))
        .collect::<Result<Vec<_>, NotaryError>>()?;
    Frontier::resume(size, peaks).ok_or(Damage::Root { size }.into())
}

impl NodeSource for StoredNodes<'_, '_> {
    type Error = StoreError;

    fn node(&mut self, position: NodePosition) -> Result<Option<Hash>, StoreError> {
        self.log.node(self.stream, u32::from(position.level), position.index)
    }
}

impl From<ProofError<StoreError>> for NotaryError {
    fn from(error: ProofError<StoreError>) -> Self {
        match error {
            ProofError::OutOfRange => Self::NotFound,
            ProofError::MissingNode(position) => Damage::Node(position).into(),
            ProofError::Source(error) => error.into(),
        }
    }
}

//! The stored tree of one stream, as the proofs and the sequencer read it.

use ledger::tree::ProofError;
use ledger::{Frontier, Hash, NodePosition, NodeSource, Stream};
use store::{Log, StoreError};

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
        let peaks = Frontier::positions(size)
            .map(|position| self.node(position)?.ok_or(Damage::Node(position).into()))
            .collect::<Result<Vec<_>, NotaryError>>()?;
        Frontier::resume(size, peaks).ok_or(Damage::Root { size }.into())
    }
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

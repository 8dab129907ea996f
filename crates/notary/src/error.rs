//! Why the notary said no.
//!
//! Always true: each variant has one answer for the caller.

use broker::BrokerError;
use domain::authz::Denied;
use ledger::NodePosition;
use ledger::export::WriteError;
use store::StoreError;

/// Why nothing was shown, signed or stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotaryError {
    /// There is no such entry, index or size, or the caller may not know that there is.
    #[error("there is no such thing in this log, or it is not visible to the caller")]
    NotFound,
    /// The caller may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// The entry, or what leads to it, is past its time: the log begins at a boundary behind it.
    #[error("the entry is past its time; the log is kept from index {first_index} on")]
    Dropped {
        /// The first index that is kept.
        first_index: u64,
    },
    /// As many holds stand on the log as can.
    #[error("as many holds stand on this log as can; lift one first")]
    Crowded,
    /// Another sequencer appended first. Nothing was stored; the next round reads again.
    #[error("another sequencer was faster")]
    Raced,
    /// What is stored does not add up. Nothing is signed on top of it.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// An entry that the export's format has no room for.
    #[error(transparent)]
    Unexportable(#[from] WriteError),
    /// The broker did not sign or did not answer.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What of a stored log is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// A node of the tree is missing.
    #[error("node {} of level {} is missing from the stored tree", .0.index, .0.level)]
    Node(NodePosition),
    /// The tree does not give the root that was signed.
    #[error("the stored tree of size {size} does not have the root that was signed")]
    Root {
        /// The size of the last checkpoint.
        size: u64,
    },
    /// A checkpoint of this size was published, and the stored log does not continue it.
    #[error("a checkpoint of size {size} was published, and the stored log is another one")]
    Published {
        /// The size that was published.
        size: u64,
    },
}

impl From<Denied> for NotaryError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotVisible => Self::NotFound,
            other => Self::Denied(other),
        }
    }
}

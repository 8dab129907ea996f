//! Why the broker did not do what it was asked.

use serde::{Deserialize, Serialize};

/// Why a call to the broker failed. In every case nothing was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BrokerError {
    /// No answer came in time: the broker is stopped, starting, or busy. Trying again is safe.
    #[error("the key broker did not answer in time")]
    Unreachable,
    /// The request broke a rule; asking again the same way changes nothing.
    #[error("the key broker refused: {0}")]
    Refused(Refusal),
    /// A record did not open. Its opening was journalled, because it was tried.
    #[error("the sealed value did not open: {0}")]
    CannotOpen(OpenFault),
    /// Too many openings wait to be copied into the tenants' logs.
    #[error("the journal of openings is not being copied; nothing is opened until it is")]
    JournalBehind,
    /// The journal or the key store could not be written; nothing was unwrapped.
    #[error("the key broker cannot write to its disk; nothing was opened")]
    Storage,
}

/// The rule that a request broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The grant is over, or would last longer than a grant may.
    #[error("the grant is expired or lasts too long")]
    GrantExpired,
    /// The realm has no keys: it was never created.
    #[error("the realm has no keys")]
    RealmUnknown,
    /// Records of this kind are used inside the broker and never handed out.
    #[error("records of this kind never leave the broker")]
    KindStaysInside,
    /// More records, a larger value, or a longer actor than the limits allow; or none at all.
    #[error("the request is outside the limits")]
    OutsideLimits,
    /// The frame is not a request of this protocol version.
    #[error("the frame is not a request")]
    Malformed,
    /// A journal position that lies ahead of the journal or behind what was copied.
    #[error("the journal position does not exist")]
    JournalPosition,
    /// The realm's keys were destroyed by an order of the shred ledger, and are not made again.
    #[error("the realm was shredded: its keys are gone for good")]
    RealmShredded,
    /// The key seals records, or was not retired: only a retiring key is destroyed.
    #[error("the key is in use")]
    KeyInUse,
    /// What was agreed on is not what two of the staff may agree on: not two people with a session
    /// and a passkey each, no reason, too long, too many records, or none of a workspace's secrets.
    #[error("these are no terms to break the glass by")]
    GlassTerms,
    /// No approval stands that lets this actor open these records now: none was given to this
    /// broker since it started, it ended, or it names others.
    #[error("no approval stands for this")]
    GlassNotStanding,
    /// The peer may not give this order: only the host's operator may.
    #[error("only the host's operator may order this")]
    NotTheHost,
}

/// Why an envelope did not open; safe to show to an operator, never to an outside caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum OpenFault {
    /// The bytes are no envelope.
    #[error("not an envelope")]
    NotAnEnvelope,
    /// A newer release sealed it.
    #[error("sealed by a newer release")]
    NewerFormat,
    /// It names a data key this broker does not have in the grant's realm and the record's scope.
    #[error("sealed with a key that this realm and scope do not have")]
    UnknownKey,
    /// Its data key was destroyed.
    #[error("its key was destroyed")]
    RetiredKey,
    /// It was sealed for another record, version, realm or key.
    #[error("sealed for another record, version, realm or key")]
    NotThisRecord,
    /// The right key and record, but damaged bytes.
    #[error("damaged")]
    Damaged,
}

//! What the broker tells about itself: no secret, ids only.

use domain::{InstanceId, RequestId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::grant::Purpose;
use crate::record::{Realm, RecordName};

/// The broker's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The instance whose keys these are.
    pub instance: InstanceId,
    /// The root key's id.
    pub root_key: String,
    /// The `kid` of new access tokens.
    pub token_key: String,
    /// Whether the recovery code was ever typed back and really unwrapped the root key.
    pub recovery_confirmed: bool,
    /// The last journal entry; 0 when there is none.
    pub journal_seq: u64,
    /// Journal entries that the tenants' logs do not hold yet.
    pub journal_lag: u64,
}

/// The ways to hold a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// A file of 32 random bytes.
    KeyFile,
    /// A passphrase.
    Passphrase,
    /// The recovery code, printed once.
    Recovery,
}

/// What happened when a slot was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotOutcome {
    /// It really unwrapped the root key just now.
    Opens,
    /// Only a person can try it; it last unwrapped the root key at this moment.
    ConfirmedAt(TimeMs),
    /// Only a person can try it, and nobody has.
    NeverConfirmed,
    /// Its key is not where the configuration says.
    KeyMissing,
    /// The slot file is missing, damaged, or of a newer version.
    Unreadable,
    /// It does not unwrap this root key.
    Fails,
}

/// One slot and what happened when it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotReport {
    /// Which.
    pub kind: SlotKind,
    /// What happened.
    pub outcome: SlotOutcome,
}

/// One opening, as the journal holds it. Ids only, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// 1 for the first, then dense.
    pub seq: u64,
    /// When it was made durable; the unwrapping came after.
    pub at: TimeMs,
    /// Whose records.
    pub realm: Realm,
    /// For what.
    pub purpose: Purpose,
    /// By whom, as the audit log names actors.
    pub actor: String,
    /// In which request; `None` for a factor check, which belongs to no tenant.
    pub request: Option<RequestId>,
    /// Which records.
    pub records: Vec<RecordName>,
    /// Hash of this entry and, through the chain, of every one before it.
    pub hash: [u8; 32],
}

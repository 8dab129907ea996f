//! Grants: who opens which records of which realm, for what, until when.

use domain::{RequestId, TimeMs};
use seal::Exposed;
use serde::{Deserialize, Serialize};

use crate::record::Realm;

/// Why records are opened. A closed list, shown to the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A person looks at one value.
    Reveal,
    /// A person runs a program of their own with the values.
    LocalUse,
    /// A personal field is shown to someone who may see it.
    PersonalRead,
    /// A code is checked against a factor's seed, inside the broker.
    FactorCheck,
    /// Somebody looks at their own sessions.
    SessionList,
    /// A message is sent to the person it belongs to.
    NoticeSent,
    /// The platform proves itself to an identity provider.
    ProviderSignIn,
    /// A workspace's log is sent to a receiver of its own.
    StreamDelivery,
    /// Records are sealed again under a new key; nothing leaves the broker in clear.
    KeyRotation,
    /// Two of the staff agreed that one of them may open these records for a while. Nothing is
    /// opened by it.
    BreakGlassApproved,
    /// One of the staff opens what two of them agreed on.
    BreakGlass,
    /// What two of the staff agreed on is over before its time.
    BreakGlassEnded,
}

impl Purpose {
    /// Whether a grant with this purpose may ask for values. The others have a way of their own,
    /// so that what is handed out never looks like what is not.
    #[must_use]
    pub const fn hands_out(self) -> bool {
        match self {
            Self::Reveal
            | Self::LocalUse
            | Self::PersonalRead
            | Self::FactorCheck
            | Self::SessionList
            | Self::NoticeSent
            | Self::ProviderSignIn
            | Self::StreamDelivery => true,
            Self::KeyRotation
            | Self::BreakGlassApproved
            | Self::BreakGlass
            | Self::BreakGlassEnded => false,
        }
    }
}

/// The right to open the records listed with it. Written to the journal before anything is
/// unwrapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whose records; each listed envelope must be of this realm.
    pub realm: Realm,
    /// For what.
    pub purpose: Purpose,
    /// Who, as the audit log names actors; at most [`crate::ACTOR_BYTES_MAX`] bytes.
    pub actor: String,
    /// In which request.
    pub request: RequestId,
    /// Until when; at most [`domain::limits::GRANT_MS`] from now.
    pub expires_at: TimeMs,
}

/// What a grant opened.
pub struct Opened {
    /// The values, in the order of the records asked for.
    pub values: Vec<Exposed>,
    /// The journal entry that was made durable before they were unwrapped.
    pub journal_seq: u64,
}

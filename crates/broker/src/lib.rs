//! The key broker: a process of its own that holds the keys, and the client through which the rest
//! uses them.
//!
//! Always true
//! 1. An opening is durable in the signed journal before anything is unwrapped; when the journal
//!    cannot be written, nothing is unwrapped.
//! 2. The root key and the data keys lie in locked memory that no core dump and no other process of
//!    the same user can read; where the system refuses that, the broker refuses to start.
//! 3. A client gets the values of the records it lists, never a key.
//! 4. Staff has values opened only by an approval that two of them gave: its terms are in the
//!    journal before it stands, and it does not outlive the process.
//! 5. Only the configured users can connect: the kernel names the peer, not the peer itself.
//!
//! Never: a network listener, HTTP, an async runtime in the broker process, tenant data at rest.

pub mod backup;
pub mod claims;
pub mod client;
pub mod error;
pub mod glass;
pub mod grant;
mod instance_keys;
mod journal;
mod key_ring;
mod key_store;
pub mod process;
mod protocol;
pub mod record;
pub mod renewal;
mod rotate_root;
pub mod rotation;
pub mod setup;
mod shred_ledger;
pub mod slots;
pub mod start_error;
pub mod status;
mod tokens;
mod totp;

pub use claims::{
    AccessClaims, AuthMethod, Confirmation, MacPurpose, NotACode, TokenKey, TotpCode,
};
pub use client::Broker;
pub use error::{BrokerError, OpenFault, Refusal};
pub use glass::{GlassNote, GlassTerms};
pub use grant::{Grant, Opened, Purpose};
pub use process::{BrokerConfig, MemoryError, run, run_watched};
pub use record::{DataScope, Realm, RecordKind, RecordName};
pub use renewal::renew_recovery;
pub use rotate_root::{RootCensus, RootRotated, RotateRootError, root_census, rotate_root};
pub use rotation::{KeyFacts, KeyState, RealmKeys, ShredTarget, Step, Steps, no_steps};
pub use seal::Exposed;
pub use setup::{PrimarySlot, SetUp, Setup, setup};
pub use slots::{Credentials, Unlock, read_passphrase};
pub use start_error::{SetupError, StartError, Tried};
pub use status::{ElsewhereFault, JournalEntry, SlotKind, SlotOutcome, SlotReport, Status};

/// Longest actor text in a grant.
pub const ACTOR_BYTES_MAX: usize = 128;
/// Largest message of one authentication code.
pub const MAC_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Whether a frame's body is a request or a reply of this protocol version: the parsers' door for
/// fuzzing.
#[must_use]
pub fn is_message(body: &[u8]) -> bool {
    protocol::frame::decode::<protocol::Request>(body).is_ok()
        || protocol::frame::decode::<protocol::Reply>(body).is_ok()
}

/// Whether a text is an order of the shred ledger: its parser's door for fuzzing.
#[must_use]
pub fn is_shred_order(text: &str) -> bool {
    shred_ledger::is_order(text)
}

/// Whether bytes are an entry of the journal: its parser's door for fuzzing.
#[must_use]
pub fn is_journal_entry(bytes: &[u8]) -> bool {
    journal::is_entry(bytes)
}

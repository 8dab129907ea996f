//! Moves entries into their logs, has the logs signed, and hands out proofs.
//!
//! Always true
//! 1. A log only grows, and each of its sizes has one root: indices are dense, and a batch is
//!    stored only if the log still has the size it was computed for.
//! 2. Nothing is signed on top of a tree that does not add up to its last signed root.
//! 3. Every opening in the broker's journal gets one entry in the log of whoever owns the records,
//!    however often copying is interrupted and repeated.
//! 4. Every event of somebody's account gets one entry in the security log of each workspace they
//!    are in, in the same way.
//! 5. Every log's checkpoints go into the log of checkpoints, blinded, at most once in a period; a
//!    log that no longer continues what was published is never published again.
//! 6. A security log is dropped from its beginning only, behind a boundary that it records itself;
//!    a workspace's log never.
//! 7. What is exported is what is stored. Judging it is the verifier's work, in `ledger`.
//! 8. What leaves in a stream leaves in the order of its indices, at least once, and its cursor
//!    moves only when the receiver said yes.
//!
//! Never: a connection of its own, SQL, a private key, a change to an entry.
//!
//! Walk: [`sequencer`], [`journal`] and [`projection`] are turned by [`worker`]; [`receipts`],
//! [`entries`], [`mod@search`], [`proofs`] and [`export`] answer requests. [`publisher`] feeds the
//! log of checkpoints, [`witnesses`] has it cosigned, [`checkpoint_log`] serves it, [`anchors`]
//! takes proofs out of it. [`streams`] sends logs to receivers of the workspaces' own.

mod access;
pub mod anchors;
pub mod checkpoint_log;
pub mod entries;
pub mod epochs;
pub mod erasure;
mod error;
pub mod export;
pub mod holds;
mod journal;
mod nodes;
pub mod projection;
pub mod proofs;
pub mod publisher;
pub mod receipts;
mod retention;
pub mod search;
mod sequencer;
pub mod streams;
pub mod witnesses;
mod worker;

pub use anchors::{Openings, list_openings};
pub use entries::{list_entries, show_entry};
pub use error::{Damage, NotaryError};
pub use export::{Export, begin_export, begin_platform_export};
pub use journal::{Copied, copy_journal};
pub use projection::{Projected, project};
pub use proofs::{
    ConsistencyProof, InclusionProof, consistency_proof, inclusion_proof, latest_checkpoint,
};
pub use publisher::{Published, Publisher};
pub use receipts::receipts;
pub use retention::{KeptDays, Retained, retain, retain_all};
pub use search::{Found, NotAnActor, Search, SearchedActor, search};
pub use sequencer::{Sequenced, sequence};
pub use worker::{Touched, Worker};

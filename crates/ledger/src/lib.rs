//! What is recorded, how it is made tamper-evident, and how an outsider checks it.
//!
//! Always true
//! 1. An entry's hash is taken over the exact bytes that are stored; nothing is serialised again to
//!    verify.
//! 2. Personal values never enter those bytes: a salted commitment does, and the value travels
//!    beside it, so that erasing the value leaves every proof valid.
//! 3. A verdict has three values. What cannot be established is never reported as verified.
//! 4. A log may begin at a [`boundary`] only if an entry of its own names it.
//!
//! Never: I/O, a clock or a random source of its own, a private key. The broker signs; this crate
//! makes the bytes to be signed and checks signatures.
//!
//! Walk: [`event`] → [`entry`] → [`tree`] → [`checkpoint`] (a [`note`]) → [`receipt`];
//! up to the witnesses: [`blinded`] → [`tiles`] → [`witness`] → [`cosignature`];
//! in a standard's words: [`ocsf`];
//! and out again: [`export`] (with a [`proof_file`], judged by a [`policy`]) → [`verify`].
//! Sources: RFC 6962 section 2.1; C2SP signed-note, tlog-checkpoint, tlog-cosignature,
//! tlog-witness, tlog-tiles, tlog-proof and tlog-policy; RFC 8785 for the order of keys.

pub mod blinded;
pub mod boundary;
pub mod canonical;
pub mod checkpoint;
pub mod copy_file;
pub mod cosignature;
pub mod entry;
pub mod event;
pub mod export;
pub mod note;
pub mod ocsf;
pub mod origin;
pub mod policy;
pub mod proof_file;
pub mod read;
pub mod receipt;
pub mod shred;
pub mod subject;
pub mod tiles;
pub mod tree;
pub mod verify;
pub mod witness;

pub use blinded::{BlindedCheckpoint, Opening, Pseudonym};
pub use boundary::{Boundary, PruneStatement};
pub use checkpoint::{Checkpoint, TreeHead};
pub use copy_file::CopyFile;
pub use cosignature::{Cosignature, CosignerKey};
pub use entry::{CanonicalEntry, EntryActor, EntryContext, PersonalValue, canonical_entry};
pub use event::{AuditEvent, PersonalField, Resource, Verb};
pub use note::{Note, NoteError, VerifierKey};
pub use origin::{Epoch, LogOrigin, Stream};
pub use policy::Policy;
pub use proof_file::ProofFile;
pub use read::EntryView;
pub use receipt::Receipt;
pub use shred::{ShredCertificate, ShredCertificateError, ShredOwner};
pub use subject::Person;
pub use tree::{Frontier, Hash, NodePosition, NodeSource};
pub use verify::{Evidence, Verdict, verify_export};

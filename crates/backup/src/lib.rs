//! Backups as they lie in a place: sealed parts, a signed note over them, and the rules by which
//! they are written, believed and thrown away.
//!
//! Always true
//! 1. A part is sealed to the root key before it leaves, and opens for its own unit alone; whoever
//!    holds the place learns how many units there are and how large, and nothing else.
//! 2. A backup is there when its note is, and its note is written last, whole, after every part is
//!    durable: cut off anywhere, what was there before is what is there.
//! 3. A note is believed when the instance's log key signed it; a part, when it has the size and
//!    digest that the note's contents say.
//! 4. A part is removed only when no note speaks of it.
//!
//! Never: a key, a database, a decision about what to back up; that is `operator`'s.
//!
//! Walk: [`Writer`] → [`place`] → [`BackupNote`]; back: [`list`] → [`Backup::open`] →
//! [`Backup::check_signature`] → [`Backup::index`] → [`Backup::restore`].
//! Choice: docs/decisions/0022-backups.md.

pub mod contents;
mod digest;
pub mod note;
pub mod place;
mod reader;
mod retention;
mod writer;

pub use contents::{Contents, Index, Part, UnitEntry};
pub use digest::{Counted, sha256};
pub use note::{BackupNote, Kind, NotANote};
pub use place::{FolderPlace, Place, PlaceError};
pub use reader::{Backup, Listed, ReadError, instances, list};
pub use retention::{Keep, Swept, sweep};
pub use writer::{Finished, Known, KnownUnit, Unsigned, WriteError, Writer};

//! The key store's formats, and the way from an older one to this one.
//!
//! Always true
//! 1. A store of an older format is copied beside itself, whole and durable, before it is changed;
//!    a copy that was cut off is made anew.
//! 2. The change is one transaction, the format's number included: after a kill at any instant the
//!    store is of one format or the other.
//! 3. A newer format is refused.
//!
//! The copy holds seeds and wrapped keys of its day. Shredding and the rotation of the root key
//! remove it, because they promise that such things are gone.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::slots::{file_error, move_into_place, private_file, sync_folder_of};
use crate::start_error::StartError;

/// The format this program writes.
pub(super) const FORMAT: i64 = 2;

/// The tables of a new store.
pub(super) const SCHEMA: &str = "
CREATE TABLE identity (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    instance      BLOB NOT NULL CHECK (length(instance) = 16),
    root_key      BLOB NOT NULL CHECK (length(root_key) = 16),
    root_check    BLOB NOT NULL CHECK (length(root_check) = 16),
    recovery_confirmed_at_ms INTEGER,
    journal_copied INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE realms (
    kind  TEXT NOT NULL, id BLOB NOT NULL CHECK (length(id) = 16), epoch INTEGER NOT NULL,
    seed  BLOB NOT NULL CHECK (length(seed) = 32), made_at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE TABLE data_keys (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    realm_kind TEXT NOT NULL, realm_id BLOB NOT NULL, scope TEXT NOT NULL,
    epoch      INTEGER NOT NULL, wrapped BLOB NOT NULL, made_at_ms INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('active', 'retiring', 'destroyed')),
    FOREIGN KEY (realm_kind, realm_id) REFERENCES realms (kind, id)
) STRICT;
CREATE UNIQUE INDEX one_active_key ON data_keys (realm_kind, realm_id, scope)
    WHERE state = 'active';
CREATE TABLE instance_keys (
    use     TEXT PRIMARY KEY, id BLOB NOT NULL CHECK (length(id) = 16),
    wrapped BLOB NOT NULL, made_at_ms INTEGER NOT NULL
) STRICT;
";

/// What format 2 has and format 1 had not: when keys retired, what was shredded, pairs of slots.
pub(super) const SECOND: &str = "
ALTER TABLE identity ADD COLUMN root_since_ms INTEGER;
ALTER TABLE identity ADD COLUMN orders INTEGER NOT NULL DEFAULT 0;
ALTER TABLE data_keys ADD COLUMN retiring_at_ms INTEGER;
ALTER TABLE data_keys ADD COLUMN destroyed_at_ms INTEGER;
CREATE INDEX data_keys_by_realm ON data_keys (realm_kind, realm_id, scope, made_at_ms);
CREATE TABLE shredded (
    kind TEXT NOT NULL, id BLOB NOT NULL CHECK (length(id) = 16), at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE TABLE slot_pairs (
    slot_key BLOB PRIMARY KEY CHECK (length(slot_key) = 16),
    public   BLOB NOT NULL CHECK (length(public) = 32),
    sealed   BLOB NOT NULL, bound BLOB NOT NULL, made_at_ms INTEGER NOT NULL
) STRICT;
";

/// Brings a store of format 1 to this format.
///
/// # Errors
/// [`StartError::File`] when the copy cannot be made, [`StartError::Damaged`] when the store cannot
/// be read; it is of format 1 then, as before.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StartError> {
    copy_aside(connection, path)?;
    change(connection).map_err(|error| super::sqlite_failure(path, &error))
}

fn change(connection: &Connection) -> rusqlite::Result<()> {
    let tx = connection.unchecked_transaction()?;
    tx.execute_batch(SECOND)?;
    tx.pragma_update(None, "user_version", FORMAT)?;
    tx.commit()
}

/// The copy of the older format beside the store.
pub(super) fn copy_path(path: &Path) -> PathBuf {
    path.with_extension("format-1")
}

fn copy_aside(connection: &Connection, path: &Path) -> Result<(), StartError> {
    let copy = copy_path(path);
    let unfinished = copy.with_extension("format-1-unfinished");
    for old in [&unfinished, &copy] {
        remove(old).map_err(|source| file_error(old, source))?;
    }
    let failed = |source| file_error(&unfinished, source);
    // The file is private from its first byte; SQLite fills an empty one.
    private_file(&unfinished).map_err(failed)?;
    let mut target = Connection::open(&unfinished)
        .map_err(|error| super::sqlite_failure(&unfinished, &error))?;
    rusqlite::backup::Backup::new(connection, &mut target)
        .and_then(|backup| backup.run_to_completion(1_000, std::time::Duration::ZERO, None))
        .map_err(|error| super::sqlite_failure(path, &error))?;
    drop(target);
    std::fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(failed)?;
    move_into_place(&unfinished, &copy)
}

/// Removes the copy of the older format, where there is one.
///
/// # Errors
/// What the system says; the copy may still be there.
pub(super) fn remove_copy(path: &Path) -> std::io::Result<()> {
    let copy = copy_path(path);
    remove(&copy)?;
    sync_folder_of(&copy)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

//! The broker's own small database: seeds, wrapped keys, and what was confirmed. No tenant data, no
//! clear key.
//!
//! Always true
//! 1. Every key in it is an envelope; the seeds beside them are useless without the root key.
//! 2. A deleted row is overwritten (`secure_delete`), and a commit is on the disk
//!    (`synchronous=FULL`).
//! 3. A key store of a newer format is refused, never read by guess.

mod format;
mod rotation;

use std::path::{Path, PathBuf};

use domain::{InstanceId, TimeMs};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use seal::root::SEED_BYTES;
use seal::{KeyId, KeyRealm};

use crate::record::DataScope;
use crate::start_error::StartError;

pub(crate) use rotation::{KeyRow, Rewrapped};

/// "CmKS": tells a key store from any other SQLite file.
const APPLICATION_ID: i64 = 0x436d_4b53;

/// What a key store was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) instance: InstanceId,
    pub(crate) root_key: KeyId,
    pub(crate) root_check: KeyId,
}

/// A realm's current seed.
pub(crate) struct Seed {
    pub(crate) epoch: u32,
    pub(crate) bytes: [u8; SEED_BYTES],
}

/// A wrapped data key.
pub(crate) struct WrappedKey {
    pub(crate) id: KeyId,
    pub(crate) wrapped: Vec<u8>,
    pub(crate) destroyed: bool,
}

/// An open key store.
pub(crate) struct KeyStore {
    connection: Connection,
    path: PathBuf,
}

impl KeyStore {
    /// A new key store. The file must not exist.
    pub(crate) fn create(path: &Path, identity: &Identity) -> Result<Self, StartError> {
        let file = |source| StartError::File { path: path.to_owned(), source };
        // SQLite would make the file with the default mode; made here, it is private from its first
        // byte.
        crate::slots::private_file(path).map_err(file)?;
        let store = Self::connect(path)?;
        store.prepare_new(identity).map_err(|error| store.damaged_by(&error))?;
        Ok(store)
    }

    /// An existing key store.
    pub(crate) fn open(path: &Path) -> Result<Self, StartError> {
        if !path.exists() {
            return Err(StartError::NoKeyStore(path.to_owned()));
        }
        let store = Self::connect(path)?;
        let pragma = |name| store.connection.pragma_query_value(None, name, |row| row.get(0));
        let application: i64 =
            pragma("application_id").map_err(|error| store.damaged_by(&error))?;
        let format: i64 = pragma("user_version").map_err(|error| store.damaged_by(&error))?;
        match (application, format) {
            (APPLICATION_ID, format::FORMAT) => Ok(store),
            (APPLICATION_ID, 1) => {
                format::migrate(&store.connection, path)?;
                Ok(store)
            }
            (APPLICATION_ID, newer) if newer > format::FORMAT => {
                Err(StartError::NewerFormat(path.to_owned()))
            }
            _ => Err(store.damaged("it is not a key store")),
        }
    }

    pub(crate) fn identity(&self) -> Result<Identity, StartError> {
        let row = self.connection.query_row(
            "SELECT instance, root_key, root_check FROM identity",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        );
        let (instance, root_key, root_check) = row.map_err(|error| self.damaged_by(&error))?;
        Ok(Identity {
            instance: InstanceId::from(uuid::Uuid::from_bytes(instance)),
            root_key: KeyId::from_bytes(root_key),
            root_check: KeyId::from_bytes(root_check),
        })
    }

    pub(crate) fn recovery_confirmed_at(&self) -> rusqlite::Result<Option<TimeMs>> {
        let at: Option<i64> = self.connection.query_row(
            "SELECT recovery_confirmed_at_ms FROM identity",
            [],
            |row| row.get(0),
        )?;
        Ok(at.map(TimeMs))
    }

    pub(crate) fn confirm_recovery(&self, at: TimeMs) -> rusqlite::Result<()> {
        let sql = "UPDATE identity SET recovery_confirmed_at_ms = ?1";
        self.connection.execute(sql, [at.0]).map(drop)
    }

    pub(crate) fn forget_recovery(&self) -> rusqlite::Result<()> {
        let sql = "UPDATE identity SET recovery_confirmed_at_ms = NULL";
        self.connection.execute(sql, []).map(drop)
    }

    pub(crate) fn journal_copied(&self) -> rusqlite::Result<u64> {
        let sql = "SELECT journal_copied FROM identity";
        let copied: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(copied).unwrap_or(0))
    }

    pub(crate) fn set_journal_copied(&self, seq: u64) -> rusqlite::Result<()> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let sql = "UPDATE identity SET journal_copied = max(journal_copied, ?1)";
        self.connection.execute(sql, [seq]).map(drop)
    }

    /// Makes the realm's first seed, unless it has one.
    pub(crate) fn create_realm(
        &self,
        realm: KeyRealm,
        seed: &[u8; SEED_BYTES],
        at: TimeMs,
    ) -> rusqlite::Result<()> {
        let (kind, id) = realm.parts();
        let sql =
            "INSERT INTO realms (kind, id, epoch, seed, made_at_ms) VALUES (?1, ?2, 1, ?3, ?4)
                   ON CONFLICT DO NOTHING";
        self.connection.execute(sql, params![kind, id, seed, at.0]).map(drop)
    }

    pub(crate) fn seed(&self, realm: KeyRealm) -> rusqlite::Result<Option<Seed>> {
        let (kind, id) = realm.parts();
        let sql = "SELECT epoch, seed FROM realms WHERE kind = ?1 AND id = ?2";
        let read = |row: &rusqlite::Row<'_>| Ok(Seed { epoch: row.get(0)?, bytes: row.get(1)? });
        self.connection.query_row(sql, params![kind, id], read).optional()
    }

    /// The key that seals new records of this scope.
    pub(crate) fn active_key(
        &self,
        realm: KeyRealm,
        scope: DataScope,
    ) -> rusqlite::Result<Option<WrappedKey>> {
        let (kind, id) = realm.parts();
        let sql = "SELECT id, wrapped, state FROM data_keys
                   WHERE realm_kind = ?1 AND realm_id = ?2 AND scope = ?3 AND state = 'active'";
        let parameters = params![kind, id, scope_text(scope)];
        self.connection.query_row(sql, parameters, wrapped_key).optional()
    }

    /// The key of this id, in this realm and scope only: an id alone opens nothing.
    pub(crate) fn key(
        &self,
        realm: KeyRealm,
        scope: DataScope,
        key: KeyId,
    ) -> rusqlite::Result<Option<WrappedKey>> {
        let (kind, id) = realm.parts();
        let sql = "SELECT id, wrapped, state FROM data_keys
                   WHERE realm_kind = ?1 AND realm_id = ?2 AND scope = ?3 AND id = ?4";
        let parameters = params![kind, id, scope_text(scope), key.to_bytes()];
        self.connection.query_row(sql, parameters, wrapped_key).optional()
    }

    /// Keeps a new active key before its first use.
    pub(crate) fn insert_key(
        &self,
        realm: KeyRealm,
        scope: DataScope,
        epoch: u32,
        key: &WrappedKey,
        at: TimeMs,
    ) -> rusqlite::Result<()> {
        let (kind, id) = realm.parts();
        let sql = "INSERT INTO data_keys
                   (id, realm_kind, realm_id, scope, epoch, wrapped, made_at_ms, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active')";
        let scope = scope_text(scope);
        let parameters = params![key.id.to_bytes(), kind, id, scope, epoch, key.wrapped, at.0];
        self.connection.execute(sql, parameters).map(drop)
    }

    pub(crate) fn instance_key(&self, use_: &str) -> rusqlite::Result<Option<WrappedKey>> {
        let sql = "SELECT id, wrapped, 'active' FROM instance_keys WHERE use = ?1";
        self.connection.query_row(sql, [use_], wrapped_key).optional()
    }

    pub(crate) fn insert_instance_key(
        &self,
        use_: &str,
        key: &WrappedKey,
        at: TimeMs,
    ) -> rusqlite::Result<()> {
        let sql =
            "INSERT INTO instance_keys (use, id, wrapped, made_at_ms) VALUES (?1, ?2, ?3, ?4)";
        let parameters = params![use_, key.id.to_bytes(), key.wrapped, at.0];
        self.connection.execute(sql, parameters).map(drop)
    }

    /// Ends with everything in the one file, so that it can be renamed.
    pub(crate) fn close(self) -> Result<(), StartError> {
        let path = self.path;
        let damaged = |_| StartError::Damaged { path, reason: "it could not be closed" };
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .and_then(|()| self.connection.close().map_err(|(_, error)| error))
            .map_err(damaged)
    }

    /// Copies the store, as it is at one moment, into a new file that only its owner reads.
    pub(crate) fn copy_to(&self, target: &Path) -> Result<(), StartError> {
        let file = |source| StartError::File { path: target.to_owned(), source };
        crate::slots::private_file(target).map_err(file)?;
        let failed = |error: rusqlite::Error| sqlite_failure(target, &error);
        let mut copy = Connection::open(target).map_err(failed)?;
        // All pages in one step: one read transaction, which nobody waits for.
        rusqlite::backup::Backup::new(&self.connection, &mut copy)
            .and_then(|backup| backup.step(-1))
            .and_then(|_| copy.pragma_update(None, "journal_mode", "delete"))
            .map_err(failed)?;
        drop(copy);
        std::fs::File::open(target).and_then(|copied| copied.sync_all()).map_err(file)
    }

    pub(crate) fn damaged(&self, reason: &'static str) -> StartError {
        StartError::Damaged { path: self.path.clone(), reason }
    }

    fn connect(path: &Path) -> Result<Self, StartError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let refused = |error: rusqlite::Error| sqlite_failure(path, &error);
        let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
        connection
            .execute_batch(
                "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
            )
            .map_err(refused)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn prepare_new(&self, identity: &Identity) -> rusqlite::Result<()> {
        self.connection.execute_batch(format::SCHEMA)?;
        self.connection.execute_batch(format::SECOND)?;
        self.connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        self.connection.pragma_update(None, "user_version", format::FORMAT)?;
        let Identity { instance, root_key, root_check } = identity;
        let sql =
            "INSERT INTO identity (one, instance, root_key, root_check) VALUES (1, ?1, ?2, ?3)";
        let parameters = params![instance.to_bytes(), root_key.to_bytes(), root_check.to_bytes()];
        self.connection.execute(sql, parameters).map(drop)
    }

    fn damaged_by(&self, error: &rusqlite::Error) -> StartError {
        sqlite_failure(&self.path, error)
    }
}

fn sqlite_failure(path: &Path, error: &rusqlite::Error) -> StartError {
    let path = path.to_owned();
    let failed = |kind| StartError::File { path: path.clone(), source: std::io::Error::from(kind) };
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
            failed(std::io::ErrorKind::PermissionDenied)
        }
        Some(rusqlite::ErrorCode::ReadOnly) => failed(std::io::ErrorKind::ReadOnlyFilesystem),
        Some(rusqlite::ErrorCode::DiskFull) => failed(std::io::ErrorKind::StorageFull),
        _ => StartError::Damaged { path, reason: "the database in it cannot be read" },
    }
}

fn wrapped_key(row: &rusqlite::Row<'_>) -> rusqlite::Result<WrappedKey> {
    let state: String = row.get(2)?;
    Ok(WrappedKey {
        id: KeyId::from_bytes(row.get(0)?),
        wrapped: row.get(1)?,
        destroyed: state == "destroyed",
    })
}

/// What [`scope_text`] wrote.
fn scope_of_text(text: &str) -> Option<DataScope> {
    if text == "whole" {
        return Some(DataScope::Whole);
    }
    let (kind, id) = text.split_once(':')?;
    match kind {
        "environment" => id.parse().ok().map(DataScope::Environment),
        "project" => id.parse().ok().map(DataScope::Project),
        _ => None,
    }
}

fn scope_text(scope: DataScope) -> String {
    match scope {
        DataScope::Environment(environment) => format!("environment:{environment}"),
        DataScope::Project(project) => format!("project:{project}"),
        DataScope::Whole => "whole".to_owned(),
    }
}

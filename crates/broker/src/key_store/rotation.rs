//! What rotation and shredding change in the key store, each as one transaction.
//!
//! Always true
//! 1. A change names the state that it follows, and happens to no other: two callers with the same
//!    wish make one key, not two.
//! 2. An active key is never destroyed.
//! 3. What was destroyed is overwritten in the file, and gone from the write-ahead log when
//!    [`KeyStore::settle`] returned.

use domain::TimeMs;
use rusqlite::{Connection, OptionalExtension, Row, params};
use seal::root::SEED_BYTES;
use seal::{KeyId, KeyRealm, SlotPair};
use uuid::Uuid;

use super::{Identity, KeyStore, WrappedKey, format, scope_of_text, scope_text};
use crate::rotation::{KeyFacts, KeyState};
use crate::start_error::StartError;

/// A data key as the store holds it.
pub(crate) struct KeyRow {
    pub(crate) facts: KeyFacts,
    pub(crate) wrapped: Vec<u8>,
}

/// A realm's new wraps: the data keys under the wrapping key of `epoch` and `seed`.
pub(crate) struct Rewrapped {
    pub(crate) epoch: u32,
    pub(crate) seed: [u8; SEED_BYTES],
    pub(crate) keys: Vec<WrappedKey>,
}

const KEYS: &str = "SELECT id, scope, state, epoch, made_at_ms, retiring_at_ms, destroyed_at_ms,
    wrapped FROM data_keys WHERE realm_kind = ?1 AND realm_id = ?2 ORDER BY rowid";

impl KeyStore {
    /// Every data key the realm ever had, oldest first.
    pub(crate) fn keys_of(&self, realm: KeyRealm) -> rusqlite::Result<Vec<KeyRow>> {
        let (kind, id) = realm.parts();
        let mut statement = self.connection.prepare_cached(KEYS)?;
        statement.query_map(params![kind, id], key_row)?.collect()
    }

    /// When the realm's seed was made.
    pub(crate) fn seed_made_at(&self, realm: KeyRealm) -> rusqlite::Result<Option<TimeMs>> {
        let (kind, id) = realm.parts();
        let sql = "SELECT made_at_ms FROM realms WHERE kind = ?1 AND id = ?2";
        let read = |row: &Row<'_>| row.get(0).map(TimeMs);
        self.connection.query_row(sql, params![kind, id], read).optional()
    }

    /// Every realm that has a seed.
    pub(crate) fn realms(&self) -> rusqlite::Result<Vec<KeyRealm>> {
        let sql = "SELECT kind, id FROM realms ORDER BY kind, id";
        let mut statement = self.connection.prepare(sql)?;
        statement.query_map([], |row| realm_of(row.get(0)?, row.get(1)?))?.collect()
    }

    /// Puts a realm's new wraps in place of those of epoch `from`. `false`: it is not at `from`,
    /// or a key came or went meanwhile; nothing changed.
    pub(crate) fn replace_epoch(
        &self,
        realm: KeyRealm,
        from: u32,
        new: &Rewrapped,
        at: TimeMs,
    ) -> rusqlite::Result<bool> {
        let tx = self.connection.unchecked_transaction()?;
        if !put_epoch(&tx, realm, from, new, at)? {
            return Ok(false);
        }
        tx.commit().map(|()| true)
    }

    /// Makes `key` the active key of the scope in place of `from`, which retires. `false`: another
    /// key is active; nothing changed.
    pub(crate) fn replace_active(
        &self,
        realm: KeyRealm,
        from: &KeyFacts,
        key: &WrappedKey,
        epoch: u32,
        at: TimeMs,
    ) -> rusqlite::Result<bool> {
        let tx = self.connection.unchecked_transaction()?;
        let (kind, id) = realm.parts();
        let scope = scope_text(from.scope);
        let sql = "UPDATE data_keys SET state = 'retiring', retiring_at_ms = ?5
                   WHERE realm_kind = ?1 AND realm_id = ?2 AND scope = ?3 AND id = ?4
                   AND state = 'active'";
        if tx.execute(sql, params![kind, id, scope, from.id.to_bytes(), at.0])? != 1 {
            return Ok(false);
        }
        let sql = "INSERT INTO data_keys
                   (id, realm_kind, realm_id, scope, epoch, wrapped, made_at_ms, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active')";
        tx.execute(sql, params![key.id.to_bytes(), kind, id, scope, epoch, key.wrapped, at.0])?;
        tx.commit().map(|()| true)
    }

    /// Destroys a key that retires; its row stays as a name. `false`: no such key retires.
    pub(crate) fn destroy_retiring(
        &self,
        realm: KeyRealm,
        key: KeyId,
        at: TimeMs,
    ) -> rusqlite::Result<bool> {
        let (kind, id) = realm.parts();
        let sql = "UPDATE data_keys SET state = 'destroyed', destroyed_at_ms = ?4, wrapped = x''
                   WHERE realm_kind = ?1 AND realm_id = ?2 AND id = ?3 AND state = 'retiring'";
        Ok(self.connection.execute(sql, params![kind, id, key.to_bytes(), at.0])? == 1)
    }

    /// Destroys a key in whatever state a restored copy of this store has it.
    pub(crate) fn destroy_ordered(
        &self,
        realm: KeyRealm,
        key: KeyId,
        at: TimeMs,
    ) -> rusqlite::Result<bool> {
        let (kind, id) = realm.parts();
        let sql = "UPDATE data_keys SET state = 'destroyed', destroyed_at_ms = ?4, wrapped = x''
                   WHERE realm_kind = ?1 AND realm_id = ?2 AND id = ?3 AND state <> 'destroyed'";
        Ok(self.connection.execute(sql, params![kind, id, key.to_bytes(), at.0])? == 1)
    }

    /// Destroys the realm's seed and every data key under it; how many keys there were. The realm
    /// cannot be made again.
    pub(crate) fn shred_realm(&self, realm: KeyRealm, at: TimeMs) -> rusqlite::Result<u64> {
        let tx = self.connection.unchecked_transaction()?;
        let (kind, id) = realm.parts();
        let sql = "INSERT INTO shredded (kind, id, at_ms) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO NOTHING";
        tx.execute(sql, params![kind, id, at.0])?;
        let sql = "DELETE FROM data_keys WHERE realm_kind = ?1 AND realm_id = ?2";
        let keys = tx.execute(sql, params![kind, id])?;
        tx.execute("DELETE FROM realms WHERE kind = ?1 AND id = ?2", params![kind, id])?;
        tx.commit()?;
        Ok(u64::try_from(keys).unwrap_or(u64::MAX))
    }

    /// Whether the realm was shredded.
    pub(crate) fn is_shredded(&self, realm: KeyRealm) -> rusqlite::Result<bool> {
        let (kind, id) = realm.parts();
        let sql = "SELECT 1 FROM shredded WHERE kind = ?1 AND id = ?2";
        let found = self.connection.query_row(sql, params![kind, id], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }

    /// How many shred orders this store knows to exist in the ledger.
    pub(crate) fn orders(&self) -> rusqlite::Result<u64> {
        let orders: i64 =
            self.connection.query_row("SELECT orders FROM identity", [], |row| row.get(0))?;
        Ok(u64::try_from(orders).unwrap_or(0))
    }

    /// Remembers that the ledger has at least `orders` orders.
    pub(crate) fn set_orders(&self, orders: u64) -> rusqlite::Result<()> {
        let orders = i64::try_from(orders).unwrap_or(i64::MAX);
        let sql = "UPDATE identity SET orders = max(orders, ?1)";
        self.connection.execute(sql, [orders]).map(drop)
    }

    /// Every slot pair.
    pub(crate) fn pairs(&self) -> rusqlite::Result<Vec<SlotPair>> {
        let sql = "SELECT slot_key, public, sealed, bound FROM slot_pairs ORDER BY slot_key";
        let mut statement = self.connection.prepare(sql)?;
        let pair = |row: &Row<'_>| {
            let slot_key = KeyId::from_bytes(row.get(0)?);
            Ok(SlotPair { slot_key, public: row.get(1)?, sealed: row.get(2)?, bound: row.get(3)? })
        };
        statement.query_map([], pair)?.collect()
    }

    /// Keeps a slot's pair.
    pub(crate) fn insert_pair(&self, pair: &SlotPair, at: TimeMs) -> rusqlite::Result<()> {
        put_pair(&self.connection, pair, at)
    }

    /// Forgets a slot's pair: that slot leads to no root key any more.
    pub(crate) fn remove_pair(&self, slot_key: KeyId) -> rusqlite::Result<()> {
        let sql = "DELETE FROM slot_pairs WHERE slot_key = ?1";
        self.connection.execute(sql, [slot_key.to_bytes()]).map(drop)
    }

    /// Puts a new root key in place of the old one: every realm's wraps, the instance keys and the
    /// pairs in one transaction. `false`: something is not as it was read; nothing changed.
    pub(crate) fn replace_root(
        &self,
        identity: &Identity,
        realms: &[(KeyRealm, u32, Rewrapped)],
        instance_keys: &[(String, WrappedKey)],
        pairs: &[SlotPair],
        at: TimeMs,
    ) -> rusqlite::Result<bool> {
        let tx = self.connection.unchecked_transaction()?;
        for (realm, from, new) in realms {
            if !put_epoch(&tx, *realm, *from, new, at)? {
                return Ok(false);
            }
        }
        let all: i64 = tx.query_row("SELECT count(*) FROM realms", [], |row| row.get(0))?;
        if usize::try_from(all) != Ok(realms.len()) {
            return Ok(false);
        }
        for (use_, key) in instance_keys {
            let sql = "UPDATE instance_keys SET wrapped = ?3 WHERE use = ?1 AND id = ?2";
            if tx.execute(sql, params![use_, key.id.to_bytes(), key.wrapped])? != 1 {
                return Ok(false);
            }
        }
        let all: i64 = tx.query_row("SELECT count(*) FROM instance_keys", [], |row| row.get(0))?;
        if usize::try_from(all) != Ok(instance_keys.len()) {
            return Ok(false);
        }
        tx.execute("DELETE FROM slot_pairs", [])?;
        pairs.iter().try_for_each(|pair| put_pair(&tx, pair, at))?;
        let sql = "UPDATE identity SET root_key = ?1, root_check = ?2, root_since_ms = ?3";
        let Identity { root_key, root_check, .. } = identity;
        tx.execute(sql, params![root_key.to_bytes(), root_check.to_bytes(), at.0])?;
        tx.commit().map(|()| true)
    }

    /// Every instance key with its use.
    pub(crate) fn instance_key_rows(&self) -> rusqlite::Result<Vec<(String, WrappedKey)>> {
        let sql = "SELECT use, id, wrapped FROM instance_keys ORDER BY use";
        let mut statement = self.connection.prepare(sql)?;
        let read = |row: &Row<'_>| {
            let id = KeyId::from_bytes(row.get(1)?);
            Ok((row.get(0)?, WrappedKey { id, wrapped: row.get(2)?, destroyed: false }))
        };
        statement.query_map([], read)?.collect()
    }

    /// Since when the root key is this one; `None`: since setup.
    pub(crate) fn root_since(&self) -> rusqlite::Result<Option<TimeMs>> {
        let sql = "SELECT root_since_ms FROM identity";
        let at: Option<i64> = self.connection.query_row(sql, [], |row| row.get(0))?;
        Ok(at.map(TimeMs))
    }

    /// Empties the write-ahead log into the file, where what was deleted is overwritten.
    pub(crate) fn empty_log(&self) -> rusqlite::Result<()> {
        let busy: i64 =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        let failed = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        if busy == 0 { Ok(()) } else { Err(rusqlite::Error::SqliteFailure(failed, None)) }
    }

    /// Leaves nothing behind of what was destroyed: no page in the write-ahead log, and no copy of
    /// an older format beside the store.
    pub(crate) fn settle(&self) -> Result<(), StartError> {
        self.empty_log().map_err(|error| self.damaged_by(&error))?;
        format::remove_copy(&self.path)
            .map_err(|source| crate::slots::file_error(&format::copy_path(&self.path), source))
    }
}

/// The realm's new seed and wraps. Every key that is not destroyed must be among them.
fn put_epoch(
    connection: &Connection,
    realm: KeyRealm,
    from: u32,
    new: &Rewrapped,
    at: TimeMs,
) -> rusqlite::Result<bool> {
    let (kind, id) = realm.parts();
    let sql = "UPDATE realms SET epoch = ?4, seed = ?5,
               made_at_ms = CASE WHEN epoch = ?4 THEN made_at_ms ELSE ?6 END
               WHERE kind = ?1 AND id = ?2 AND epoch = ?3";
    if connection.execute(sql, params![kind, id, from, new.epoch, new.seed, at.0])? != 1 {
        return Ok(false);
    }
    let sql = "UPDATE data_keys SET epoch = ?4, wrapped = ?5
               WHERE realm_kind = ?1 AND realm_id = ?2 AND id = ?3 AND state <> 'destroyed'";
    let mut update = connection.prepare_cached(sql)?;
    for key in &new.keys {
        if update.execute(params![kind, id, key.id.to_bytes(), new.epoch, key.wrapped])? != 1 {
            return Ok(false);
        }
    }
    let sql = "SELECT count(*) FROM data_keys
               WHERE realm_kind = ?1 AND realm_id = ?2 AND state <> 'destroyed'";
    let living: i64 =
        connection.prepare_cached(sql)?.query_row(params![kind, id], |row| row.get(0))?;
    Ok(usize::try_from(living) == Ok(new.keys.len()))
}

fn put_pair(connection: &Connection, pair: &SlotPair, at: TimeMs) -> rusqlite::Result<()> {
    let sql = "INSERT INTO slot_pairs (slot_key, public, sealed, bound, made_at_ms)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let SlotPair { slot_key, public, sealed, bound } = pair;
    connection.execute(sql, params![slot_key.to_bytes(), public, sealed, bound, at.0]).map(drop)
}

fn key_row(row: &Row<'_>) -> rusqlite::Result<KeyRow> {
    let state: String = row.get(2)?;
    let scope: String = row.get(1)?;
    let time = |at: Option<i64>| at.map(TimeMs);
    let unreadable = |column| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::InvalidColumnType(column, "data_keys".to_owned(), kind)
    };
    let facts = KeyFacts {
        id: KeyId::from_bytes(row.get(0)?),
        scope: scope_of_text(&scope).ok_or_else(|| unreadable(1))?,
        state: KeyState::parse(&state).ok_or_else(|| unreadable(2))?,
        epoch: row.get(3)?,
        made_at: TimeMs(row.get(4)?),
        retiring_at: time(row.get(5)?),
        destroyed_at: time(row.get(6)?),
    };
    Ok(KeyRow { facts, wrapped: row.get(7)? })
}

fn realm_of(kind: String, id: [u8; 16]) -> rusqlite::Result<KeyRealm> {
    let id = Uuid::from_bytes(id);
    match kind.as_str() {
        "platform" => Ok(KeyRealm::Platform),
        "tenant" => Ok(KeyRealm::Tenant(id.into())),
        "person" => Ok(KeyRealm::Person(id.into())),
        _ => Err(rusqlite::Error::InvalidColumnType(0, kind, rusqlite::types::Type::Text)),
    }
}

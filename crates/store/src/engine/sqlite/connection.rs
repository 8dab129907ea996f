//! A connection to one file: how it is opened, what it may do, and what its errors mean.
//!
//! Always true
//! 1. After the migrations, a connection reads and changes rows and nothing else: an authorizer
//!    refuses every other kind of statement, so that not even a mistake of ours can drop a trigger.
//! 2. No value leaves in an error or a log line.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, FileControl, OpenFlags, Statement, ToSql, ffi};

use super::unit::PLATFORM_FILE;
use crate::value::{Row, Value};
use crate::{Refusal, StoreError};

/// Longest wait for another process's writer.
const BUSY_MS: u64 = 5_000;
/// Statements kept prepared per connection: more than any unit's tables have.
const PREPARED_MAX: usize = 256;
/// Less free space than this, and a failed write is a full disk.
const FREE_BYTES_MIN: u64 = 64 * 1024;

/// Opens a file that exists. What is deleted from it is overwritten: what was erased for a person
/// or dropped past its time is not in the file's free pages either.
pub(super) fn open(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(file, flags).map_err(|error| meaning(file, &error))?;
    let prepared = connection.busy_timeout(Duration::from_millis(BUSY_MS)).and_then(|()| {
        connection.set_prepared_statement_cache_capacity(PREPARED_MAX);
        if file.file_name().is_some_and(|name| name == PLATFORM_FILE) {
            keep_log(&connection)?;
        }
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
             pragma trusted_schema = off; pragma cell_size_check = on; \
             pragma temp_store = memory; pragma journal_size_limit = 67108864; \
             pragma secure_delete = on;",
        )
    });
    prepared.map_err(|error| meaning(file, &error))?;
    Ok(connection)
}

/// Closing the last connection leaves the log and its index where they are. `serve` is confined to
/// files that exist when it starts, of which these are two: another process that is just closing
/// must not take them from under it. The log that is left is empty, since its size has a limit: a
/// database put back from a copy must not meet the pages of another time.
fn keep_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut kept = 1;
    connection.file_control(None::<&str>, FileControl::PersistWal(&mut kept))
}

/// From now on the connection reads and changes rows and nothing else.
pub(super) fn confine(connection: &mut Connection) -> Result<(), StoreError> {
    connection
        .authorizer(Some(|context: AuthContext<'_>| match context.action {
            AuthAction::Select
            | AuthAction::Read { .. }
            | AuthAction::Insert { .. }
            | AuthAction::Update { .. }
            | AuthAction::Delete { .. }
            | AuthAction::Function { .. }
            | AuthAction::Recursive
            | AuthAction::Transaction { .. }
            | AuthAction::Savepoint { .. } => Authorization::Allow,
            _ => Authorization::Deny,
        }))
        .map_err(|_| StoreError::Defect("a connection could not be confined"))
}

/// From now on the connection only reads.
pub(super) fn read_only(connection: &Connection) -> Result<(), StoreError> {
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|_| StoreError::Defect("a reader could not be set to read only"))
}

/// Runs a control statement: begin, savepoint, commit.
pub(super) fn control(connection: &Connection, text: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(text)
        .and_then(|mut statement| statement.raw_execute())
        .map(drop)
        .map_err(|error| meaning_on(connection, &error))
}

/// What an engine error on this connection means.
pub(super) fn meaning_on(connection: &Connection, error: &rusqlite::Error) -> StoreError {
    meaning(Path::new(connection.path().unwrap_or_default()), error)
}

fn meaning(file: &Path, error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return StoreError::Defect("the engine refused a statement or a value");
    };
    let meaning = match failure.code {
        ErrorCode::ConstraintViolation => StoreError::Conflict,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt,
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Refusal::ReadOnly.into(),
        ErrorCode::CannotOpen => cannot_open(file),
        ErrorCode::SystemIoFailure => io_failure(file, failure),
        _ => StoreError::Defect("the engine refused a statement"),
    };
    if meaning != StoreError::Conflict {
        tracing::error!(code = failure.extended_code, %meaning, "SQLite refused");
    }
    meaning
}

fn cannot_open(file: &Path) -> StoreError {
    if !file.exists() {
        return Refusal::NoUnit.into();
    }
    if free_bytes(file).is_some_and(|free| free < FREE_BYTES_MIN) {
        return StoreError::Full;
    }
    Refusal::ReadOnly.into()
}

/// A full disk is not always reported as one: growing the shared memory file fails as an I/O error.
fn io_failure(file: &Path, failure: &ffi::Error) -> StoreError {
    if free_bytes(file).is_some_and(|free| free < FREE_BYTES_MIN) {
        return StoreError::Full;
    }
    if failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ {
        return StoreError::Corrupt;
    }
    StoreError::Unreachable
}

fn free_bytes(file: &Path) -> Option<u64> {
    let folder = file.parent()?;
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// The connection of an open transaction.
pub(crate) struct Link {
    connection: Rc<Connection>,
}

impl Link {
    pub(super) fn new(connection: Rc<Connection>) -> Self {
        Self { connection }
    }

    pub(crate) fn execute(&mut self, text: &str, values: &[&Value]) -> Result<u64, StoreError> {
        let run = || {
            let mut statement = self.connection.prepare_cached(&numbered(text))?;
            bind(&mut statement, values)?;
            statement.raw_execute()
        };
        let changed = run().map_err(|error| meaning_on(&self.connection, &error))?;
        u64::try_from(changed).map_err(|_| StoreError::Corrupt)
    }

    pub(crate) fn query(&mut self, text: &str, values: &[&Value]) -> Result<Vec<Row>, StoreError> {
        let run = || {
            let mut statement = self.connection.prepare_cached(&numbered(text))?;
            bind(&mut statement, values)?;
            let columns = statement.column_count();
            let mut rows = statement.raw_query();
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let values =
                    (0..columns).map(|n| row.get_ref(n).map(owned)).collect::<Result<_, _>>()?;
                found.push(Row::new(values));
            }
            Ok(found)
        };
        run().map_err(|error| meaning_on(&self.connection, &error))
    }
}

/// `$2` is a *name* to SQLite, bound by first appearance; `?2` is a number.
fn numbered(text: &str) -> String {
    text.replace('$', "?")
}

fn bind(statement: &mut Statement<'_>, values: &[&Value]) -> rusqlite::Result<()> {
    values.iter().enumerate().try_for_each(|(n, value)| statement.raw_bind_parameter(n + 1, *value))
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
        }))
    }
}

/// Text that is not UTF-8 comes back as bytes, which every text column refuses as damage.
fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .map_or_else(|_| Value::Bytes(text.to_vec()), |text| Value::Text(text.to_owned())),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// Why SQLite ended a transaction by itself: nearly always the disk.
pub(super) fn after_lost_transaction(connection: &Connection) -> StoreError {
    let file = Path::new(connection.path().unwrap_or_default());
    if free_bytes(file).is_some_and(|free| free < FREE_BYTES_MIN) {
        StoreError::Full
    } else {
        StoreError::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confined_connection_changes_rows_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("unit.db");
        std::fs::File::create(&file).unwrap();
        let mut connection = open(&file).unwrap();
        connection
            .execute_batch(
                "create table kept (a integer) strict; create trigger kept_no_delete \
                 before delete on kept begin select raise(abort, 'kept'); end",
            )
            .unwrap();
        confine(&mut connection).unwrap();
        for attack in [
            "drop trigger kept_no_delete",
            "drop table kept",
            "alter table kept rename to lost",
            "create table more (a integer)",
            "create temp trigger quiet before delete on kept begin select raise(ignore); end",
            "pragma writable_schema = on",
            "pragma foreign_keys = off",
            "pragma query_only = off",
            "attach ':memory:' as other",
            "vacuum",
        ] {
            assert!(connection.execute_batch(attack).is_err(), "{attack}");
        }
        connection.execute_batch("insert into kept values (1); update kept set a = 2").unwrap();
        assert!(connection.execute_batch("delete from kept").is_err());
    }

    #[test]
    fn numbers_of_values_are_numbers_and_not_names() {
        let connection = Connection::open_in_memory().unwrap();
        let mut link = Link::new(Rc::new(connection));
        let rows = link.query("select $2, $1", &[&Value::Int(1), &Value::Int(2)]).unwrap();
        let mut row = rows.into_iter().next().unwrap();
        assert_eq!((row.int().unwrap(), row.int().unwrap()), (2, 1));
    }
}

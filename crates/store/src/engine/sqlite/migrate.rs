//! Bringing a file to this program's format.
//!
//! Always true
//! 1. Each migration and its record are one transaction, under the file's write lock: of several
//!    processes that start at once, one applies it and the others find it applied.
//! 2. A file with data is copied beside itself before it is changed.

use domain::Mint;
use rusqlite::backup::Progress;
use rusqlite::{Connection, OptionalExtension, params};

use super::connection::{control, meaning_on};
use super::unit::{Place, owner_only};
use crate::engine::migrations::format_of;
use crate::{Refusal, StoreError};

/// Whether a file may be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// It is being made.
    Empty,
    /// It was made before; having no format is damage.
    Existing,
}

/// The table every file has first.
const RECORD: &str = "create table if not exists migrations (number integer primary key, \
    name text not null, hash blob not null, applied_at_ms integer not null) strict";

/// Brings the file to the newest format.
pub(super) fn apply(
    connection: &Connection,
    place: &Place,
    mint: &Mint,
    start: Start,
) -> Result<(), StoreError> {
    let found = format(connection)?;
    let known = format_of(place.migrations);
    if found > known {
        return Err(Refusal::NewerFormat { found, known }.into());
    }
    if found == 0 && start == Start::Existing {
        return Err(StoreError::Corrupt);
    }
    if found > 0 && found < known {
        back_up(connection, place, found)?;
    }
    for (number, _) in (1..=known).zip(place.migrations).skip(applied(found)) {
        apply_one(connection, place, mint, number)?;
    }
    same_history(connection, place)
}

fn applied(format: u32) -> usize {
    usize::try_from(format).unwrap_or(usize::MAX)
}

fn format(connection: &Connection) -> Result<u32, StoreError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))
        .map_err(|error| meaning_on(connection, &error))
}

/// Applies migration `number` unless another process has done so meanwhile.
fn apply_one(
    connection: &Connection,
    place: &Place,
    mint: &Mint,
    number: u32,
) -> Result<(), StoreError> {
    control(connection, "begin immediate")?;
    let done = || {
        if format(connection)? >= number {
            return Ok(());
        }
        let Some(migration) = place.migrations.get(applied(number - 1)) else {
            return Err(StoreError::Defect("a migration is missing"));
        };
        connection
            .execute_batch(RECORD)
            .and_then(|()| connection.execute_batch(migration.text))
            .and_then(|()| {
                connection.execute(
                    "insert into migrations values (?1, ?2, ?3, ?4)",
                    params![number, migration.name, migration.hash(), mint.now().0],
                )
            })
            .and_then(|_| connection.pragma_update(None, "user_version", number))
            .map_err(|error| meaning_on(connection, &error))
    };
    let ended = done().and_then(|()| control(connection, "commit"));
    if ended.is_err() && !connection.is_autocommit() {
        // The error that is returned says why; a failed rollback would say nothing more.
        let _ = control(connection, "rollback");
    }
    ended
}

/// Refuses a file whose applied migrations are not the ones this program carries.
fn same_history(connection: &Connection, place: &Place) -> Result<(), StoreError> {
    for (number, migration) in (1..).zip(place.migrations) {
        let found: Option<Vec<u8>> = connection
            .query_row("select hash from migrations where number = ?1", [number], |row| row.get(0))
            .optional()
            .map_err(|error| meaning_on(connection, &error))?;
        if found.as_deref() != Some(&migration.hash()) {
            return Err(Refusal::OtherHistory(number).into());
        }
    }
    Ok(())
}

/// Copies the file to `<name>.before-<format>` with SQLite's own backup, so that the copy is one
/// moment.
fn back_up(connection: &Connection, place: &Place, format: u32) -> Result<(), StoreError> {
    let copy = place.file.with_extension(format!("db.format-{format}"));
    if copy.exists() {
        return Ok(());
    }
    owner_only(&copy)?;
    connection
        .backup("main", &copy, None::<fn(Progress)>)
        .map_err(|error| meaning_on(connection, &error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::Arc;

    use domain::{Clock, Entropy, TimeMs};

    use super::super::connection;
    use super::super::unit::create;
    use super::*;
    use crate::engine::migrations::Migration;

    const FIRST: Migration =
        Migration { name: "first", text: "create table kept (a integer) strict" };
    const SECOND: Migration =
        Migration { name: "second", text: "alter table kept add column b integer" };
    const BROKEN: Migration =
        Migration { name: "broken", text: "create table half (a integer) strict; create nonsense" };

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> TimeMs {
            TimeMs(1)
        }
    }

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    fn mint() -> Mint {
        Mint::new(Arc::new(Fixed), Arc::new(Fixed))
    }

    fn place(folder: &Path, migrations: &'static [Migration]) -> Place {
        Place { file: folder.join("unit.db"), migrations }
    }

    fn filled(folder: &Path) {
        let old = place(folder, &[FIRST]);
        create(&old, &mint()).unwrap();
        let connection = connection::open(&old.file).unwrap();
        connection.execute_batch("insert into kept values (7)").unwrap();
    }

    fn upgraded(place: &Place) -> Result<(), StoreError> {
        apply(&connection::open(&place.file)?, place, &mint(), Start::Existing)
    }

    #[test]
    fn a_file_with_data_is_copied_before_it_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        upgraded(&place(folder.path(), &[FIRST, SECOND])).unwrap();
        let copy = folder.path().join("unit.db.format-1");
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        for (file, columns) in [("unit.db", 2), ("unit.db.format-1", 1)] {
            let connection = Connection::open(folder.path().join(file)).unwrap();
            let statement = connection.prepare("select * from kept where a = 7").unwrap();
            assert_eq!(statement.column_count(), columns, "{file}");
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        let refused = upgraded(&place(folder.path(), &[FIRST, BROKEN]));
        assert!(refused.is_err());
        let connection = connection::open(&folder.path().join("unit.db")).unwrap();
        assert_eq!(format(&connection), Ok(1));
        assert!(connection.prepare("select * from half").is_err());
        upgraded(&place(folder.path(), &[FIRST])).unwrap();
    }

    #[test]
    fn many_who_start_at_once_apply_each_migration_once() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        let newer = place(folder.path(), &[FIRST, SECOND]);
        std::thread::scope(|threads| {
            let running: Vec<_> = (0..6).map(|_| threads.spawn(|| upgraded(&newer))).collect();
            for one in running {
                one.join().unwrap().unwrap();
            }
        });
        let connection = connection::open(&newer.file).unwrap();
        let applied: i64 =
            connection.query_row("select count(*) from migrations", [], |row| row.get(0)).unwrap();
        assert_eq!((applied, format(&connection)), (2, Ok(2)));
    }
}

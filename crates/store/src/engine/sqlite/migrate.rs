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

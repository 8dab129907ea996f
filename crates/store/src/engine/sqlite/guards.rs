//! Are the walls of a file what the migrations made them?
//!
//! Always true: tables, indexes and triggers are compared word for word with those that the
//! migrations make in an empty database, so a dropped or softened trigger is found, whoever did it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;

use super::connection::{self, meaning_on};
use super::unit::{Place, tenants_folder};
use crate::engine::Finding;
use crate::engine::migrations::{Migration, SQLITE_PLATFORM, SQLITE_TENANT};
use crate::{StoreError, Unit};

type Schema = BTreeMap<(String, String), Option<String>>;

/// Checks every unit's file of a data folder.
pub(super) fn verify(folder: &Path) -> Result<Vec<Finding>, StoreError> {
    let mut findings = of_place(&Place::new(folder, Unit::Platform))?;
    let Ok(entries) = fs::read_dir(tenants_folder(folder)) else { return Ok(findings) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let tenant = name
            .to_str()
            .and_then(|name| name.strip_suffix(".db"))
            .and_then(|stem| stem.parse().ok());
        if let Some(tenant) = tenant {
            findings.extend(of_place(&Place::new(folder, Unit::Tenant(tenant)))?);
        }
    }
    Ok(findings)
}

fn of_place(place: &Place) -> Result<Vec<Finding>, StoreError> {
    of_file(&connection::open(&place.file)?, place)
}

/// What of this file's schema is not what it has to be.
pub(super) fn of_file(connection: &Connection, place: &Place) -> Result<Vec<Finding>, StoreError> {
    let expected = expected(place.migrations)?;
    let expected = expected.as_ref();
    let found = schema(connection).map_err(|error| meaning_on(connection, &error))?;
    let file = place.file.file_name().unwrap_or_default().to_string_lossy();
    let missing = expected
        .iter()
        .filter(|(name, text)| found.get(*name) != Some(*text))
        .map(|(name, _)| ("schema.missing_or_changed", name));
    let foreign = found
        .keys()
        .filter(|name| !expected.contains_key(*name))
        .map(|name| ("schema.foreign", name));
    Ok(missing
        .chain(foreign)
        .map(|(guard, (kind, name))| Finding { guard, place: format!("{file}: {kind} {name}") })
        .collect())
}

/// What the migrations make in an empty database; worked out once for each of the program's two
/// lists.
fn expected(migrations: &'static [Migration]) -> Result<Arc<Schema>, StoreError> {
    static PLATFORM: OnceLock<Arc<Schema>> = OnceLock::new();
    static TENANT: OnceLock<Arc<Schema>> = OnceLock::new();
    let known = if std::ptr::eq(migrations, SQLITE_PLATFORM) {
        Some(&PLATFORM)
    } else if std::ptr::eq(migrations, SQLITE_TENANT) {
        Some(&TENANT)
    } else {
        None
    };
    if let Some(found) = known.and_then(OnceLock::get) {
        return Ok(Arc::clone(found));
    }
    let made = || {
        let empty = Connection::open_in_memory()?;
        migrations.iter().try_for_each(|migration| empty.execute_batch(migration.text))?;
        schema(&empty)
    };
    let made = made()
        .map(Arc::new)
        .map_err(|_| StoreError::Defect("the migrations do not make a schema"))?;
    Ok(known
        .map_or_else(|| Arc::clone(&made), |known| Arc::clone(known.get_or_init(|| made.clone()))))
}

fn schema(connection: &Connection) -> rusqlite::Result<Schema> {
    let mut statement = connection.prepare(
        "select type, name, sql from sqlite_master \
         where name <> 'migrations' and name not like 'sqlite_%'",
    )?;
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    rows.collect()
}

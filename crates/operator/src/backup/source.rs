//! The data on its way out.
//!
//! Always true
//! 1. A unit is copied as it is at one moment, while it is used. On SQLite each unit has a moment
//!    of its own, the platform's first: a workspace that the platform's copy knows has a copy. On
//!    PostgreSQL everything is of one moment.
//! 2. A unit that did not change is not sent.

use std::fs::File;
use std::path::Path;

use backup::{Counted, Writer};
use ledger::Stream;
use server::config::Engine;
use store::{AuditTx, StoreError, Unit};

use super::host::Host;
use super::postgres::Dump;
use crate::failure::Failure;
use crate::folders::FolderError;

/// The platform's unit, as backups call it.
pub(super) const CONTROL: &str = "control";
/// Everything, where units are not files.
pub(super) const DATABASE: &str = "database";

/// The engine, as notes call it.
pub(super) const fn engine(engine: &Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres(_) => "postgres",
    }
}

/// Sends every unit.
///
/// # Errors
/// The store's, the place's.
pub(super) async fn send(host: &Host<'_>, writer: &mut Writer<'_>) -> Result<(), Failure> {
    match &host.settings.config.database.engine {
        Engine::Sqlite => {
            unit(host, writer, Unit::Platform).await?;
            // Listed after the platform was copied: none that the copy knows is left out.
            for tenant in host.store.units().await? {
                if tenant != Unit::Platform {
                    unit(host, writer, tenant).await?;
                }
            }
            Ok(())
        }
        Engine::Postgres(_) => {
            let checkpoints = checkpoints(host, Unit::Platform).await?;
            let mut dump = Dump::start(host.settings)?;
            let owner = [0; 16];
            let sent = writer.send(DATABASE, owner, &mut dump.output()?, &checkpoints);
            // The tool's own word first: without it the other end only knows that it ended early.
            dump.finish()?;
            Ok(sent?)
        }
    }
}

async fn unit(host: &Host<'_>, writer: &mut Writer<'_>, unit: Unit) -> Result<(), Failure> {
    let (name, owner) = match unit {
        Unit::Platform => (CONTROL.to_owned(), [0; 16]),
        Unit::Tenant(tenant) => (tenant.to_string(), tenant.to_bytes()),
    };
    let checkpoints = checkpoints(host, unit).await?;
    let copy = host.settings.places.data.backup_scratch().join("unit.db");
    host.store.snapshot(unit, copy.clone()).await?;
    let sent = file(writer, &name, owner, &copy, &checkpoints);
    let removed = std::fs::remove_file(&copy);
    sent?;
    removed.map_err(|source| FolderError::new(&copy, "removed", source))?;
    Ok(())
}

/// Sends a file unless it is in the place already.
///
/// # Errors
/// The file's, the place's.
pub(super) fn file(
    writer: &mut Writer<'_>,
    name: &str,
    owner: [u8; 16],
    path: &Path,
    checkpoints: &[String],
) -> Result<(), Failure> {
    let unreadable = |source| FolderError::new(path, "read", source);
    let open = || File::open(path).map_err(unreadable);
    let mut counted = Counted::new(open()?);
    std::io::copy(&mut counted, &mut std::io::sink()).map_err(unreadable)?;
    let (_, bytes, sha256) = counted.finish();
    if !writer.is_there(name, (bytes, sha256), checkpoints)? {
        writer.send(name, owner, &mut open()?, checkpoints)?;
    }
    Ok(())
}

/// The newest signed checkpoints of a unit's logs: what is copied afterwards is not shorter.
async fn checkpoints(host: &Host<'_>, unit: Unit) -> Result<Vec<String>, StoreError> {
    let read = |tx: &mut AuditTx<'_>| {
        let mut notes = Vec::new();
        for stream in Stream::ALL {
            notes.extend(tx.audit().checkpoint(stream)?.map(|checkpoint| checkpoint.note));
        }
        Ok::<_, StoreError>(notes)
    };
    host.store.unit_read(unit, read).await
}

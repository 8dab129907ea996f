//! One open file: its writer, its readers, and how a file comes to be.
//!
//! Always true
//! 1. A file is made by [`create`] only; opening one that is missing or empty never makes a new
//!    one, so a lost tenant is an error and not an empty workspace.
//! 2. A truncated file is noticed by SQLite, which compares its length with its header; that, an
//!    empty file and a foreign one are damage ([`StoreError::Corrupt`]), and tests hold it to that.
//! 3. Files are readable by their owner only.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Mint, TenantId};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tokio::sync::Semaphore;

use super::connection::{self, control};
use super::writer::Writer;
use super::{blocking, file_error, guards, migrate};
use crate::bound::{Access, Bound};
use crate::engine::migrations::{Migration, SQLITE_PLATFORM, SQLITE_TENANT};
use crate::engine::{self, Outcome, guarded};
use crate::value::{Row, Value};
use crate::{Refusal, StoreError, Unit};

/// Readers of one file. Reads are short and two cores rarely serve more.
const READERS_MAX: usize = 4;

/// The name of the platform's own file.
pub(super) const PLATFORM_FILE: &str = "control.db";

/// Where a unit's file is, and which migrations it has.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) migrations: &'static [Migration],
}

impl Place {
    pub(super) fn new(folder: &Path, unit: Unit) -> Self {
        match unit {
            Unit::Platform => {
                Self { file: folder.join(PLATFORM_FILE), migrations: SQLITE_PLATFORM }
            }
            Unit::Tenant(tenant) => Self {
                file: tenants_folder(folder).join(format!("{tenant}.db")),
                migrations: SQLITE_TENANT,
            },
        }
    }
}

/// The folder of the tenants' files.
pub(super) fn tenants_folder(folder: &Path) -> PathBuf {
    folder.join("tenants")
}

/// Makes a unit's file, or finishes one that a crash left half-made. Repeating it changes nothing.
pub(super) fn create(place: &Place, mint: &Mint) -> Result<(), StoreError> {
    let folder = place.file.parent().ok_or(StoreError::Unreachable)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| file_error(&error))?;
    let length = fs::metadata(&place.file).map_or(0, |found| found.len());
    let orphans = tenants_folder(folder);
    if length == 0 && fs::read_dir(orphans).is_ok_and(|mut entries| entries.next().is_some()) {
        // Tenants without a control file: it was lost, and a new one would disown them all.
        return Err(StoreError::Corrupt);
    }
    owner_only(&place.file)?;
    let connection = connection::open(&place.file)?;
    migrate::apply(&connection, place, mint, migrate::Start::Empty)
}

/// Makes an empty file that only its owner can read, unless it exists. SQLite gives the files it
/// puts beside it the same mode.
pub(super) fn owner_only(file: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
        .map(drop)
        .map_err(|error| file_error(&error))
}

/// Copies a unit's file, whole and of one moment, while others read and write it. What is copied is
/// one file without a log beside it, and durable.
pub(super) fn copy(place: &Place, target: &Path) -> Result<(), StoreError> {
    let source = connection::open(&place.file)?;
    let fresh = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target);
    fresh.map_err(|error| file_error(&error))?;
    let mut copy =
        Connection::open(target).map_err(|error| connection::meaning_on(&source, &error))?;
    // All pages in one step: one read transaction, which a writer neither waits for nor restarts.
    let copied = Backup::new(&source, &mut copy)
        .and_then(|backup| backup.step(-1))
        .map_err(|error| connection::meaning_on(&source, &error))?;
    if !matches!(copied, StepResult::Done) {
        return Err(StoreError::Busy);
    }
    copy.pragma_update(None, "journal_mode", "delete")
        .map_err(|error| connection::meaning_on(&copy, &error))?;
    drop(copy);
    fs::File::open(target).and_then(|file| file.sync_all()).map_err(|error| file_error(&error))
}

/// Removes a unit's file when no team was born in it.
pub(super) fn remove_unborn(place: &Place) -> Result<(), StoreError> {
    let connection = connection::open(&place.file)?;
    let born = connection
        .query_row("select count(*) from team", [], |row| row.get::<_, i64>(0))
        .unwrap_or(0);
    if born > 0 {
        return Err(StoreError::Conflict);
    }
    drop(connection);
    for suffix in ["", "-wal", "-shm"] {
        match fs::remove_file(beside(&place.file, suffix)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(file_error(&error)),
        }
    }
    Ok(())
}

/// What became of a lent reader: the answer, and the reader when it can be used again.
type Lent<R> = (Result<R, StoreError>, Option<Connection>);

/// A unit that is open.
pub(super) struct OpenUnit {
    file: Arc<Path>,
    writer: Writer,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl OpenUnit {
    /// Opens a unit's file, brings it to this program's format, and checks its guards.
    pub(super) fn open(place: Place, mint: &Mint) -> Result<Self, StoreError> {
        let mut connection = connection::open(&place.file)?;
        migrate::apply(&connection, &place, mint, migrate::Start::Existing)?;
        let weaker = guards::of_file(&connection, &place)?;
        if !weaker.is_empty() {
            for finding in &weaker {
                tracing::error!(guard = finding.guard, place = finding.place, "a guard is weaker");
            }
            return Err(Refusal::WeakGuards(weaker.len()).into());
        }
        connection::confine(&mut connection)?;
        Ok(Self {
            writer: Writer::start(connection)?,
            file: place.file.into(),
            idle: Mutex::new(Vec::new()),
            permits: Semaphore::new(READERS_MAX),
        })
    }

    pub(super) async fn write<R: Send + 'static>(
        &self,
        id: TenantId,
        mint: Mint,
        work: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.writer.run(id, mint, work).await
    }

    pub(super) async fn read<R: Send + 'static>(
        &self,
        id: TenantId,
        mint: Mint,
        work: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.with_reader(move |reader| read_with(reader, id, mint, work)).await
    }

    /// One statement is one moment already, so it needs no transaction around it.
    pub(super) async fn fetch(
        &self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.with_reader(move |reader| {
            let reader = Rc::new(reader);
            let values: Vec<&Value> = values.iter().collect();
            let found = connection::Link::new(Rc::clone(&reader)).query(text, &values);
            (found, Rc::into_inner(reader))
        })
        .await
    }

    /// Lends a reader to a blocking thread; `work` gives it back when it can be used again.
    async fn with_reader<R: Send + 'static>(
        &self,
        work: impl FnOnce(Connection) -> Lent<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Unreachable)?;
        let idle = self.idle().pop();
        let file = Arc::clone(&self.file);
        let (answer, connection) = blocking(move || {
            let reader = idle.map_or_else(|| open_reader(&file), Ok)?;
            Ok(work(reader))
        })
        .await?;
        if let Some(connection) = connection {
            self.idle().push(connection);
        }
        answer
    }

    pub(super) fn close(&mut self) {
        self.writer.close();
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let mut connection = connection::open(file)?;
    connection::read_only(&connection)?;
    connection::confine(&mut connection)?;
    Ok(connection)
}

/// Runs a closure on a snapshot. The reader comes back when it can be used again.
fn read_with<R>(
    reader: Connection,
    id: TenantId,
    mint: Mint,
    work: impl FnOnce(&mut Bound) -> Outcome<R>,
) -> Lent<R> {
    let reader = Rc::new(reader);
    if let Err(error) = control(&reader, "begin") {
        return (Err(error), None);
    }
    let link = engine::Link::Sqlite(connection::Link::new(Rc::clone(&reader)));
    let mut bound = Bound::new(link, id, Access::Read, mint);
    let ended = guarded(&mut bound, work)
        .map(|(Outcome::Commit(answer) | Outcome::RollBack(answer))| answer);
    drop(bound);
    let reusable = control(&reader, "rollback").is_ok();
    (ended, Rc::into_inner(reader).filter(|_| reusable))
}

/// A file that SQLite puts beside this one.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

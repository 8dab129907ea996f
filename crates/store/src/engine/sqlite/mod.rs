//! SQLite: one file per unit, one writer thread and a few readers per open file.
//!
//! Always true
//! 1. A tenant's file is opened by its id and by nothing else; `control.db` holds nothing of a
//!    tenant.
//! 2. Commits are durable (`synchronous=FULL`); writers of several processes take turns by the
//!    file's own lock.
//! 3. At most [`OPEN_UNITS_MAX`] files are open; the one used longest ago and idle is closed first.

mod connection;
mod guards;
mod migrate;
mod unit;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Mint, TenantId};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

pub(super) use connection::Link;
use unit::{OpenUnit, Place};

use super::{Finding, Outcome};
use crate::bound::{Access, Bound};
use crate::value::{Row, Value};
use crate::{Refusal, StoreError, Unit};

/// Most files held open. Each costs a thread and, with its readers, up to fifteen descriptors.
const OPEN_UNITS_MAX: usize = 64;

/// The folder of units.
pub(crate) struct Sqlite {
    folder: PathBuf,
    mint: Mint,
    units: Mutex<HashMap<Unit, Slot>>,
    turn: AtomicU64,
    closed: AtomicBool,
}

struct Slot {
    unit: Arc<OnceCell<OpenUnit>>,
    used: u64,
}

impl Sqlite {
    pub(super) async fn open(folder: PathBuf, mint: Mint) -> Result<Self, StoreError> {
        let engine = Self {
            folder,
            mint,
            units: Mutex::new(HashMap::new()),
            turn: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        };
        let place = engine.place(Unit::Platform);
        let mint = engine.mint.clone();
        blocking(move || unit::create(&place, &mint)).await?;
        engine.opened(Unit::Platform).await?;
        Ok(engine)
    }

    pub(super) async fn transact<R: Send + 'static>(
        &self,
        unit: Unit,
        id: TenantId,
        access: Access,
        work: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        let cell = self.opened(unit).await?;
        let open = cell.get().ok_or(StoreError::Defect("a unit was opened and is not"))?;
        match access {
            Access::Read => open.read(id, self.mint.clone(), work).await,
            Access::Write => open.write(id, self.mint.clone(), work).await,
        }
    }

    pub(super) async fn fetch(
        &self,
        unit: Unit,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let cell = self.opened(unit).await?;
        let open = cell.get().ok_or(StoreError::Defect("a unit was opened and is not"))?;
        open.fetch(text, values).await
    }

    pub(super) async fn create_unit(&self, tenant: TenantId) -> Result<(), StoreError> {
        let place = self.place(Unit::Tenant(tenant));
        let mint = self.mint.clone();
        blocking(move || unit::create(&place, &mint)).await
    }

    /// Removes a tenant's file when its team was never born.
    pub(super) async fn remove_unborn_unit(&self, tenant: TenantId) -> Result<(), StoreError> {
        let unit = Unit::Tenant(tenant);
        let place = self.place(unit);
        if !place.file.exists() {
            return Ok(());
        }
        self.lock().remove(&unit);
        blocking(move || unit::remove_unborn(&place)).await
    }

    /// Copies a unit, as it is at one moment, into a new file that only its owner reads.
    pub(super) async fn snapshot(&self, unit: Unit, target: PathBuf) -> Result<(), StoreError> {
        let place = self.place(unit);
        blocking(move || unit::copy(&place, &target)).await
    }

    /// Compares every unit's schema with what its migrations make, triggers included.
    pub(super) async fn verify_guards(&self) -> Result<Vec<Finding>, StoreError> {
        let folder = self.folder.clone();
        blocking(move || guards::verify(&folder)).await
    }

    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let slots: Vec<Slot> = self.lock().drain().map(|(_, slot)| slot).collect();
        for slot in slots {
            let Some(mut open) = Arc::into_inner(slot.unit).and_then(OnceCell::into_inner) else {
                continue;
            };
            // Joining waits for the writer's last commit, so it may not happen on an async thread.
            if spawn_blocking(move || open.close()).await.is_err() {
                tracing::error!("a writer thread ended by a panic");
            }
        }
    }

    fn place(&self, unit: Unit) -> Place {
        Place::new(&self.folder, unit)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Unit, Slot>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open unit, opening it first when needed. Holding the cell keeps it from being closed.
    async fn opened(&self, unit: Unit) -> Result<Arc<OnceCell<OpenUnit>>, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Unreachable);
        }
        let cell = self.slot(unit);
        if cell.initialized() {
            return Ok(cell);
        }
        let place = self.place(unit);
        let mint = self.mint.clone();
        let opened =
            cell.get_or_try_init(|| blocking(move || OpenUnit::open(place, &mint))).await.map(drop);
        if let Err(error) = opened {
            self.lock().remove(&unit);
            return Err(error);
        }
        Ok(cell)
    }

    fn slot(&self, unit: Unit) -> Arc<OnceCell<OpenUnit>> {
        let used = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut units = self.lock();
        if !units.contains_key(&unit) && units.len() >= OPEN_UNITS_MAX {
            let idle = units
                .iter()
                .filter(|(name, slot)| {
                    **name != Unit::Platform && Arc::strong_count(&slot.unit) == 1
                })
                .min_by_key(|(_, slot)| slot.used)
                .map(|(name, _)| *name);
            // With no idle unit the map grows past its bound for a moment, rather than refusing a
            // tenant.
            if let Some(idle) = idle {
                units.remove(&idle);
            }
        }
        let slot = units.entry(unit).or_insert_with(|| Slot { unit: Arc::default(), used });
        slot.used = used;
        Arc::clone(&slot.unit)
    }
}

/// Runs file work off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(|_| StoreError::Defect("file work panicked"))?
}

/// What a failed file operation means.
fn file_error(error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    tracing::error!(kind = ?error.kind(), "a file operation of the database failed");
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Refusal::ReadOnly.into(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Unreachable,
    }
}

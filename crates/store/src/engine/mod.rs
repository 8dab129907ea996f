//! The branch between the two engines, and the only code that talks to a driver.
//!
//! Always true
//! 1. A closure gets a [`Bound`] over one open transaction; how it ends is decided here, by its
//!    [`Outcome`].
//! 2. A closure that panics is a rolled-back transaction and an error, never a stuck engine.
//!
//! Never: a driver's type outside this folder.

mod migrations;
mod postgres;
mod sqlite;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use domain::{Mint, TenantId};

use crate::bound::{Access, Bound};
use crate::sql::{Effect, TenantSql};
use crate::value::{Row, Value};
use crate::{StoreConfig, StoreError, Unit};

pub use postgres::prepare::{Roles, clear_unused, create_database, prepare};

/// A wall of the database that is weaker than it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which guard: a stable word such as `row_security.not_forced`.
    pub guard: &'static str,
    /// Where: a table, a role, a file.
    pub place: String,
}

/// How a closure ended: keep what it wrote, or undo it.
pub(crate) enum Outcome<R> {
    Commit(R),
    RollBack(R),
}

/// The database, whichever it is.
pub(crate) enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// The connection of an open transaction.
pub(crate) enum Link {
    Sqlite(sqlite::Link),
    Postgres(Box<postgres::Link>),
}

impl Link {
    pub(crate) fn execute(&mut self, text: &str, values: &[&Value]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(link) => link.execute(text, values),
            Self::Postgres(link) => link.execute(text, values),
        }
    }

    /// An insert of one row that may be sent as late as the commit; its error may be the commit's.
    pub(crate) fn insert_late(
        &mut self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(link) => link.execute(text, &values.iter().collect::<Vec<_>>()).map(drop),
            Self::Postgres(link) => link.insert_late(text, values),
        }
    }

    pub(crate) fn query(
        &mut self,
        text: &str,
        effect: Effect,
        values: &[&Value],
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(link) => link.query(text, values),
            Self::Postgres(link) => link.query(text, effect, values),
        }
    }
}

impl Engine {
    pub(crate) async fn open(config: StoreConfig, mint: Mint) -> Result<Self, StoreError> {
        match config {
            StoreConfig::Sqlite { folder } => {
                sqlite::Sqlite::open(folder, mint).await.map(Self::Sqlite)
            }
            StoreConfig::Postgres { runtime, platform, pool } => {
                postgres::Postgres::open(&runtime, &platform, pool, mint).await.map(Self::Postgres)
            }
        }
    }

    /// Runs a closure in a transaction of `unit`, whose rows go by `id`.
    pub(crate) async fn transact<R: Send + 'static>(
        &self,
        unit: Unit,
        id: TenantId,
        access: Access,
        work: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.transact(unit, id, access, work).await,
            Self::Postgres(engine) => engine.transact(unit, id, access, work).await,
        }
    }

    /// Runs one statement that reads, bound to the tenant `id`, in one round trip.
    pub(crate) async fn fetch(
        &self,
        unit: Unit,
        id: TenantId,
        sql: &'static TenantSql,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        if sql.effect() != Effect::Reads {
            return Err(StoreError::Defect("a one-shot statement that does not only read"));
        }
        let bound: Vec<Value> = std::iter::once(Value::from(id)).chain(values).collect();
        match self {
            Self::Sqlite(engine) => engine.fetch(unit, sql.text(), bound).await,
            Self::Postgres(engine) => engine.fetch(unit, id, sql.text(), bound).await,
        }
    }

    pub(crate) async fn create_unit(&self, tenant: TenantId) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.create_unit(tenant).await,
            // Every tenant's rows are in the same tables: there is nothing to make room for.
            Self::Postgres(_) => Ok(()),
        }
    }

    pub(crate) async fn remove_unborn_unit(&self, tenant: TenantId) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.remove_unborn_unit(tenant).await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Copies a unit, as it is at one moment, into a new file. Only where a unit is a file.
    pub(crate) async fn snapshot(&self, unit: Unit, target: PathBuf) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.snapshot(unit, target).await,
            Self::Postgres(_) => Err(StoreError::Defect("a unit of this engine is not a file")),
        }
    }

    pub(crate) async fn verify_guards(&self) -> Result<Vec<Finding>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.verify_guards().await,
            Self::Postgres(engine) => engine.verify_guards().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close(),
        }
    }
}

/// Runs a closure that may panic. The panic's text is not kept: it may hold values.
fn guarded<R>(
    bound: &mut Bound,
    work: impl FnOnce(&mut Bound) -> Outcome<R>,
) -> Result<Outcome<R>, StoreError> {
    // The transaction is rolled back whole after a panic, so no half-changed state can be seen.
    let ended = catch_unwind(AssertUnwindSafe(|| work(bound)));
    ended.map_err(|_: Box<dyn Any + Send>| StoreError::Defect("a use case panicked"))
}

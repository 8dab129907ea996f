//! The store: opens the units, and runs use cases as transactions on them.
//!
//! Always true
//! 1. A use case is a synchronous closure over one transaction of one unit; no commit spans units.
//! 2. A write that answered is durable. When the future of a write is dropped, the transaction
//!    still ends by itself, committed or rolled back, and its connection is never reused half-way.
//! 3. A tenant's transaction is opened by a [`Scope`] and nothing else.
//!
//! Walk: `write` → [`crate::engine`] opens the unit → the closure → `finish` inserts the entries →
//! commit. Choice: `docs/decisions/0002-synchronous-use-cases.md`.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{InstanceId, Mint, RequestId, Scope, TenantId, TimeMs};

use crate::bound::{Access, Bound};
use crate::commit::End;
use crate::engine::{Engine, Outcome};
use crate::page::Page;
use crate::platform::{Due, Instance, WorkspaceState};
use crate::sql::TenantSql;
use crate::value::{Row, Value};
use crate::{
    AuditTx, Caller, Commit, Committed, Finding, PlatformTx, StoreConfig, StoreError, TenantTx,
    audit,
};

/// A unit of data: committed, logged, backed up and deleted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// People, sessions, and hints about tenants.
    Platform,
    /// One workspace.
    Tenant(TenantId),
}

/// The database, whichever it is. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    instance: InstanceId,
    mint: Mint,
}

impl Store {
    /// Opens the database, bringing it to this program's format first.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the data is newer than this program, the folder cannot be
    /// written, a guard of the database is weaker than it has to be, or the connection would be
    /// neither a Unix socket nor TLS.
    pub async fn open(config: StoreConfig, mint: Mint) -> Result<Self, StoreError> {
        let engine = Engine::open(config, mint.clone()).await?;
        let instance = match find_instance(&engine).await? {
            Some(found) => found,
            None => make_instance(&engine, mint.id()).await?,
        };
        Ok(Self { inner: Arc::new(Inner { engine, instance, mint }) })
    }

    /// The installation's id: made at the first open, the same ever after.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.inner.instance
    }

    /// The id under which a unit's log and rows are kept; the platform's is the instance's.
    #[must_use]
    pub fn unit_id(&self, unit: Unit) -> TenantId {
        match unit {
            Unit::Platform => platform_id(self.inner.instance),
            Unit::Tenant(tenant) => tenant,
        }
    }

    /// Clock, randomness and ids.
    #[must_use]
    pub fn mint(&self) -> &Mint {
        &self.inner.mint
    }

    /// Runs a use case that may write on the scope's tenant.
    ///
    /// # Errors
    /// The closure's own; or the store's, and then nothing was written.
    pub async fn write<T, E>(
        &self,
        scope: &Scope,
        work: impl FnOnce(&mut TenantTx<'_>) -> Result<Commit<T>, E> + Send + 'static,
    ) -> Result<Committed<T>, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let unit = Unit::Tenant(scope.tenant());
        let (scope, caller) = (scope.clone(), Caller::from(scope));
        let (committed, due) = self
            .write_unit(unit, caller, move |bound| work(&mut TenantTx::new(bound, &scope)))
            .await?;
        if let (Some(due), Unit::Tenant(tenant)) = (due, unit) {
            self.hint_due(tenant, due).await;
        }
        Ok(committed)
    }

    /// Runs a use case that only reads the scope's tenant; all its reads see one moment.
    ///
    /// # Errors
    /// The closure's own, or the store's.
    pub async fn read<T, E>(
        &self,
        scope: &Scope,
        work: impl FnOnce(&mut TenantTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let unit = Unit::Tenant(scope.tenant());
        let scope = scope.clone();
        self.read_unit(unit, move |bound| work(&mut TenantTx::new(bound, &scope))).await
    }

    /// Runs a use case that may write on the platform's unit; `caller` is the actor of its entries.
    ///
    /// # Errors
    /// The closure's own; or the store's, and then nothing was written.
    pub async fn platform_write<T, E>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&mut PlatformTx<'_>) -> Result<Commit<T>, E> + Send + 'static,
    ) -> Result<Committed<T>, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let caller = caller.clone();
        let written = self
            .write_unit(Unit::Platform, caller, move |bound| work(&mut PlatformTx::new(bound)))
            .await?;
        Ok(written.0)
    }

    /// Runs a use case that only reads the platform's unit.
    ///
    /// # Errors
    /// The closure's own, or the store's.
    pub async fn platform_read<T, E>(
        &self,
        work: impl FnOnce(&mut PlatformTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_unit(Unit::Platform, move |bound| work(&mut PlatformTx::new(bound))).await
    }

    /// Runs the notary's or housekeeping's work on the log of any unit. Its callers are a golden
    /// list.
    ///
    /// # Errors
    /// The closure's own; or the store's, and then nothing was written.
    pub async fn unit_write<T, E>(
        &self,
        unit: Unit,
        caller: &Caller,
        work: impl FnOnce(&mut AuditTx<'_>) -> Result<Commit<T>, E> + Send + 'static,
    ) -> Result<Committed<T>, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let caller = caller.clone();
        let written = self
            .write_unit(unit, caller, move |bound| work(&mut AuditTx::new(bound, unit)))
            .await?;
        Ok(written.0)
    }

    /// Reads the log of any unit. Its callers are a golden list.
    ///
    /// # Errors
    /// The closure's own, or the store's.
    pub async fn unit_read<T, E>(
        &self,
        unit: Unit,
        work: impl FnOnce(&mut AuditTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_unit(unit, move |bound| work(&mut AuditTx::new(bound, unit))).await
    }

    /// Makes room for a tenant's data. Repeating it changes nothing.
    ///
    /// # Errors
    /// The engine's.
    pub async fn create_unit(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.inner.engine.create_unit(tenant).await
    }

    /// Removes the data of a workspace that was reserved and never born. Refused when its team
    /// exists.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the team was born.
    pub async fn remove_unborn_unit(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.inner.engine.remove_unborn_unit(tenant).await
    }

    /// Copies a unit, as it is at one moment and while it is used, into the new file `target`.
    ///
    /// # Errors
    /// [`StoreError::Defect`] on an engine whose units are not files; the engine's.
    pub async fn snapshot(&self, unit: Unit, target: PathBuf) -> Result<(), StoreError> {
        self.inner.engine.snapshot(unit, target).await
    }

    /// Every unit with a log: the platform's, and those of workspaces in use or deleted.
    ///
    /// # Errors
    /// The engine's.
    pub async fn units(&self) -> Result<Vec<Unit>, StoreError> {
        self.platform_read(|tx| {
            let mut units = vec![Unit::Platform];
            let mut page = Page::first(domain::limits::PAGE_ITEMS_MAX);
            loop {
                let listing = tx.workspaces().list(page)?;
                let last = listing.items.last().map(|workspace| workspace.id);
                units.extend(
                    listing
                        .items
                        .iter()
                        .filter(|workspace| workspace.state != WorkspaceState::Reserved)
                        .map(|workspace| Unit::Tenant(workspace.id)),
                );
                match last.filter(|_| listing.more) {
                    Some(last) => page = Page::after(last, domain::limits::PAGE_ITEMS_MAX),
                    None => return Ok(units),
                }
            }
        })
        .await
    }

    /// What of the database's walls is weaker than it has to be; empty when all stand. Read-only.
    ///
    /// # Errors
    /// The engine's.
    pub async fn verify_guards(&self) -> Result<Vec<Finding>, StoreError> {
        self.inner.engine.verify_guards().await
    }

    /// Closes every file and connection after the work that was begun.
    pub async fn close(&self) {
        self.inner.engine.close().await;
    }

    /// One tenant statement in one round trip, outside any transaction of ours.
    pub(crate) async fn fetch(
        &self,
        unit: Unit,
        (sql, values): (&'static TenantSql, Vec<Value>),
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.engine.fetch(unit, self.unit_id(unit), sql, values).await
    }

    pub(crate) async fn write_unit<T, E>(
        &self,
        unit: Unit,
        caller: Caller,
        work: impl FnOnce(&mut Bound) -> Result<Commit<T>, E> + Send + 'static,
    ) -> Result<(Committed<T>, Option<TimeMs>), E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let closure = move |bound: &mut Bound| {
            let finished = work(bound)
                .and_then(|commit| finish(bound, unit, &caller, commit).map_err(E::from));
            match finished {
                Ok(committed) => Outcome::Commit(Ok((committed, bound.due))),
                Err(error) => Outcome::RollBack(Err(error)),
            }
        };
        self.inner
            .engine
            .transact(unit, self.unit_id(unit), Access::Write, closure)
            .await
            .unwrap_or_else(|error| Err(E::from(error)))
    }

    pub(crate) async fn read_unit<T, E>(
        &self,
        unit: Unit,
        work: impl FnOnce(&mut Bound) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner
            .engine
            .transact(unit, self.unit_id(unit), Access::Read, move |bound| {
                Outcome::RollBack(work(bound))
            })
            .await
            .unwrap_or_else(|error| Err(E::from(error)))
    }

    /// Tells the control unit that a tenant has a job due. A lost hint is found by the sweep at
    /// start.
    pub(crate) async fn hint_due(&self, tenant: TenantId, at: TimeMs) {
        let told = self.platform_hint(move |due| due.hint(tenant, at)).await;
        if let Err(error) = told {
            tracing::warn!(%tenant, %error, "the hint about a due job was lost");
        }
    }

    pub(crate) async fn platform_hint(
        &self,
        work: impl FnOnce(&mut Due<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let request: RequestId = self.inner.mint.id();
        let caller = Caller::system("jobs", request);
        self.write_unit(Unit::Platform, caller, move |bound| {
            work(&mut Due::new(bound))?;
            Ok::<_, StoreError>(Commit::quiet(crate::QuietReason::Hint, ()))
        })
        .await
        .map(drop)
    }
}

/// Looks before it writes: a store opens on a full disk, too.
async fn find_instance(engine: &Engine) -> Result<Option<InstanceId>, StoreError> {
    let nobody = TenantId::from(uuid::Uuid::nil());
    engine
        .transact(Unit::Platform, nobody, Access::Read, |bound| {
            Outcome::RollBack(Instance::new(bound).find())
        })
        .await?
}

async fn make_instance(engine: &Engine, fresh: InstanceId) -> Result<InstanceId, StoreError> {
    engine
        .transact(Unit::Platform, platform_id(fresh), Access::Write, move |bound| {
            match Instance::new(bound).find_or_create(fresh) {
                Ok(found) => Outcome::Commit(Ok(found)),
                Err(error) => Outcome::RollBack(Err(error)),
            }
        })
        .await?
}

/// The platform's unit goes by the instance's id.
fn platform_id(instance: InstanceId) -> TenantId {
    TenantId::from(instance.uuid())
}

/// Ends a write closure: inserts its entries, or checks that it needs none.
fn finish<T>(
    bound: &mut Bound,
    unit: Unit,
    caller: &Caller,
    commit: Commit<T>,
) -> Result<Committed<T>, StoreError> {
    if bound.spoilt() {
        return Err(StoreError::Defect("a commit after a statement that failed"));
    }
    let entries = match &commit.end {
        End::Audited(events) if events.is_empty() && bound.wrote() => {
            return Err(StoreError::Defect("a write was to be committed without an entry"));
        }
        End::Audited(events) => events
            .iter()
            .map(|event| audit::insert(bound, unit, caller, event))
            .collect::<Result<_, _>>()?,
        End::Quiet(reason) => {
            tracing::trace!(reason = reason.why(), "committed without an entry");
            Vec::new()
        }
        End::Unchanged if bound.wrote() => {
            return Err(StoreError::Defect("a transaction that wrote said it had not"));
        }
        End::Unchanged => Vec::new(),
    };
    Ok(Committed { value: commit.value, entries })
}

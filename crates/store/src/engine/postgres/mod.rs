//! PostgreSQL: one database, tenant rows under row security, one pool per credential.
//!
//! Always true
//! 1. A tenant's transaction is on the runtime credential, with `casemate.tenant` set for that
//!    transaction only; the platform's is on the platform credential, whose log rows are under row
//!    security too.
//! 2. A closure runs on a blocking thread and waits for its statements there; BEGIN and the tenant
//!    setting travel with the first statement.
//! 3. A connection whose transaction did not end is closed, never pooled.
//! 4. A guard that is weaker than it has to be refuses the start.

mod connect;
mod grants;
mod guards;
mod link;
pub(crate) mod prepare;

use deadpool_postgres::Pool;
use domain::{Mint, TenantId};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use link::Lease;
pub(crate) use link::Link;

use super::{Finding, Outcome, guarded, migrations};
use crate::bound::{Access, Bound};
use crate::value::{Row, Value};
use crate::{PostgresTarget, Refusal, StoreError, Unit};

/// The two pools of the database.
pub(crate) struct Postgres {
    runtime: Pool,
    platform: Pool,
    handle: Handle,
    mint: Mint,
}

impl Postgres {
    pub(super) async fn open(
        runtime: &PostgresTarget,
        platform: &PostgresTarget,
        connections: usize,
        mint: Mint,
    ) -> Result<Self, StoreError> {
        let engine = Self {
            runtime: connect::pool(runtime, connections)?,
            platform: connect::pool(platform, connections)?,
            handle: Handle::current(),
            mint,
        };
        engine.same_history().await?;
        let weaker = engine.verify_guards().await?;
        for finding in &weaker {
            tracing::error!(guard = finding.guard, place = finding.place, "a guard is weaker");
        }
        if weaker.is_empty() { Ok(engine) } else { Err(Refusal::WeakGuards(weaker.len()).into()) }
    }

    pub(super) async fn transact<R: Send + 'static>(
        &self,
        unit: Unit,
        id: TenantId,
        access: Access,
        work: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        let client = connect::taken(self.pool(unit)).await?;
        let link = Link::new(client, self.handle.clone(), begin(id, access));
        let mint = self.mint.clone();
        spawn_blocking(move || {
            let link = super::Link::Postgres(Box::new(link));
            run(Bound::new(link, id, access, mint), work)
        })
        .await
        .map_err(|_| StoreError::Defect("a transaction's thread panicked"))?
    }

    /// Everything in one round trip: BEGIN, the tenant setting, the statement, COMMIT. When the
    /// future is dropped before the end, the lease closes the connection.
    pub(super) async fn fetch(
        &self,
        unit: Unit,
        id: TenantId,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut lease = Lease::new(connect::taken(self.pool(unit)).await?);
        let rows = link::one_shot(lease.client()?, &begin(id, Access::Read), text, &values).await?;
        lease.give_back();
        rows.iter().map(link::row).collect()
    }

    /// Reads the catalog for walls that are weaker than they have to be.
    pub(super) async fn verify_guards(&self) -> Result<Vec<Finding>, StoreError> {
        let runtime = connect::taken(&self.runtime).await?;
        let platform = connect::taken(&self.platform).await?;
        guards::verify(&runtime, &platform).await
    }

    pub(super) fn close(&self) {
        self.runtime.close();
        self.platform.close();
    }

    fn pool(&self, unit: Unit) -> &Pool {
        match unit {
            Unit::Platform => &self.platform,
            Unit::Tenant(_) => &self.runtime,
        }
    }

    /// Refuses a database that is newer, older, or was made by other migrations than this program
    /// carries.
    async fn same_history(&self) -> Result<(), StoreError> {
        let client = connect::taken(&self.runtime).await?;
        let rows = client
            .query("select number, hash from migrations order by number", &[])
            .await
            .map_err(|error| match link::meaning(&error) {
            StoreError::Unreachable => StoreError::Unreachable,
            _ => Refusal::NotPrepared.into(),
        })?;
        let known = migrations::format_of(migrations::POSTGRES);
        let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        if found > known {
            return Err(Refusal::NewerFormat { found, known }.into());
        }
        if found < known {
            return Err(Refusal::NotPrepared.into());
        }
        for (row, migration) in rows.iter().zip(migrations::POSTGRES) {
            let number: i64 = row.try_get(0).map_err(|_| StoreError::Corrupt)?;
            let hash: &[u8] = row.try_get(1).map_err(|_| StoreError::Corrupt)?;
            if hash != migration.hash() {
                let number = u32::try_from(number).map_err(|_| StoreError::Corrupt)?;
                return Err(Refusal::OtherHistory(number).into());
            }
        }
        Ok(())
    }
}

/// Begins a transaction and sets its tenant, in one message. An id is hexadecimal digits and
/// dashes, so it needs no quoting.
fn begin(id: TenantId, access: Access) -> String {
    let mode = match access {
        // All statements of a reading transaction see one moment; nothing can conflict with it.
        Access::Read => "isolation level repeatable read, read only",
        Access::Write => "read write",
    };
    format!("begin {mode}; set local casemate.tenant = '{id}'")
}

/// Runs the closure and ends its transaction.
fn run<R>(mut bound: Bound, work: impl FnOnce(&mut Bound) -> Outcome<R>) -> Result<R, StoreError> {
    let ended = guarded(&mut bound, work);
    let spoilt = bound.spoilt();
    let super::Link::Postgres(link) = bound.into_link() else {
        return Err(StoreError::Defect("a transaction changed its engine"));
    };
    match ended {
        Ok(Outcome::Commit(_)) if spoilt => {
            link.roll_back()?;
            Err(StoreError::Defect("a commit after a statement that failed"))
        }
        Ok(Outcome::Commit(answer)) => link.commit().map(|()| answer),
        Ok(Outcome::RollBack(answer)) => {
            // The answer stands whether or not the rollback was heard: a connection that did not
            // hear it is closed.
            if link.roll_back().is_err() {
                tracing::warn!("a rollback was not heard; its connection is closed");
            }
            Ok(answer)
        }
        // The link is dropped with its transaction open, which closes the connection.
        Err(error) => Err(error),
    }
}

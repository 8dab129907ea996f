//! Claiming jobs across tenants, and mending what a crash left half-done.
//!
//! Always true
//! 1. Tenants are served in the order they were last served; a busy one waits behind the others.
//! 2. A scope is made for a job only after its MAC was found right; a job with a wrong one is a
//!    dead letter.
//! 3. A workspace that was reserved and not born is released; one that was born is confirmed. No
//!    commit spans units, so this is how the two sides of a birth meet after a crash.

use domain::{RequestId, Scope, TenantId, TimeMs, limits};

use crate::bound::Bound;
use crate::platform::{Due, Workspace};
use crate::tenant::{Job, Jobs, Team};
use crate::{Caller, ClaimedJob, Commit, QuietReason, Store, StoreError, Unit};

/// A reservation this old is of a request that is over.
const BIRTH_MS_MAX: i64 = 2 * 30_000;
const _: () = assert!(BIRTH_MS_MAX.unsigned_abs() > limits::REQUEST_MS_MAX);

/// What [`Store::reconcile`] mended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Workspaces whose team had been born, confirmed now.
    pub confirmed: Vec<TenantId>,
    /// Workspaces whose team had not been born, released now.
    pub released: Vec<TenantId>,
}

impl Store {
    /// Claims at most `count` due jobs for `limits::JOB_LEASE_MS`, of tenants in turn, at most one
    /// each before anybody gets a second. `genuine` checks a job's MAC; the store has no key to do
    /// it.
    ///
    /// # Errors
    /// The engine's; jobs claimed before the failure come back when their lease ends.
    pub async fn claim_jobs<F>(
        &self,
        count: u32,
        mut genuine: impl FnMut(TenantId, Job) -> F,
    ) -> Result<Vec<ClaimedJob>, StoreError>
    where
        F: Future<Output = bool>,
    {
        let count = count.clamp(1, limits::JOBS_PER_CLAIM_MAX);
        let mut claimed = Vec::new();
        // A hint may be old: a tenant without a due job is passed over, and its hint mended. Each
        // step either claims a job or mends a hint, so twice the count is enough unless other
        // workers take them all.
        for _ in 0..2 * count {
            let Some(tenant) = self.next_ready().await? else { break };
            let (jobs, next) = self.claim_of(tenant).await?;
            self.platform_hint(move |due| due.served(tenant, next)).await?;
            for job in jobs {
                if genuine(tenant, job.clone()).await {
                    claimed.push(self.with_scope(tenant, job));
                } else {
                    tracing::error!(%tenant, job = %job.id, "a job's MAC is wrong; it is buried");
                    self.bury(tenant, job).await?;
                }
            }
            if claimed.len() >= count_of(count) {
                break;
            }
        }
        Ok(claimed)
    }

    /// Mends what a crash left half-done: unconfirmed workspaces, and lost hints about due jobs.
    /// Run at start.
    ///
    /// # Errors
    /// The engine's; what was mended before stays mended.
    pub async fn reconcile(&self) -> Result<Reconciled, StoreError> {
        let before = self.mint().now().plus_ms(-BIRTH_MS_MAX);
        let unborn: Vec<Workspace> =
            self.platform_read(move |tx| tx.workspaces().unborn(before)).await?;
        let mut mended = Reconciled::default();
        for workspace in unborn {
            if self.settle_birth(workspace.id).await? {
                mended.confirmed.push(workspace.id);
            } else {
                mended.released.push(workspace.id);
            }
        }
        for unit in self.units().await? {
            if let Unit::Tenant(tenant) = unit {
                let next: Option<TimeMs> =
                    self.read_unit(unit, |bound| Jobs::new(bound).next_due()).await?;
                if let Some(next) = next {
                    self.platform_hint(move |due| due.hint(tenant, next)).await?;
                }
            }
        }
        Ok(mended)
    }

    /// Whether the team was born; its reservation is confirmed or released.
    async fn settle_birth(&self, tenant: TenantId) -> Result<bool, StoreError> {
        self.create_unit(tenant).await?;
        let born: bool = self
            .read_unit(Unit::Tenant(tenant), |bound: &mut Bound| {
                Ok::<_, StoreError>(Team::new(bound).settings()?.is_some())
            })
            .await?;
        if !born {
            self.remove_unborn_unit(tenant).await?;
        }
        self.platform_write::<_, StoreError>(&self.as_jobs(), move |tx| {
            let _ = if born {
                tx.workspaces().confirm(tenant)?
            } else {
                tx.workspaces().release(tenant)?
            };
            Ok(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;
        Ok(born)
    }

    async fn next_ready(&self) -> Result<Option<TenantId>, StoreError> {
        self.read_unit(Unit::Platform, |bound| Due::new(bound).next_ready()).await
    }

    /// One job of a tenant, and when its next one is due.
    async fn claim_of(&self, tenant: TenantId) -> Result<(Vec<Job>, Option<TimeMs>), StoreError> {
        let (committed, _) = self
            .write_unit(Unit::Tenant(tenant), self.as_jobs(), |bound| {
                let mut jobs = Jobs::new(bound);
                let claimed = jobs.claim(1)?;
                let next = jobs.next_due()?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::JobStep, (claimed, next)))
            })
            .await?;
        Ok(committed.value)
    }

    async fn bury(&self, tenant: TenantId, job: Job) -> Result<(), StoreError> {
        self.write_unit(Unit::Tenant(tenant), self.as_jobs(), move |bound| {
            Jobs::new(bound).bury(job.id, job.fence)?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::JobStep, ()))
        })
        .await
        .map(drop)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a job claim is one of the three places that make a scope; the MAC was checked"
    )]
    fn with_scope(&self, tenant: TenantId, job: Job) -> ClaimedJob {
        let scope = Scope::claimed(tenant, job.id, job.principal, job.request);
        ClaimedJob { scope, lease_until: self.mint().now().plus_ms(limits::JOB_LEASE_MS), job }
    }

    fn as_jobs(&self) -> Caller {
        let request: RequestId = self.mint().id();
        Caller::system("jobs", request)
    }
}

fn count_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

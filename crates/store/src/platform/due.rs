//! When each tenant's next job is due: a hint that makes claiming fair and cheap.
//!
//! Always true: the tenant's own rows decide whether there is a job; a lost or wrong hint is mended
//! by the sweep at start. Tenants are served in the order they were last served, so a busy one
//! cannot starve others.

use domain::{TenantId, TimeMs};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// When each tenant's next job is due.
    pub(crate) Due
}

platform_statements! { "due", "a worker finds tenants with due jobs before it opens one":
    HINT = "insert into due (workspace_id, due_at_ms, served_at_ms) values ($1, $2, 0) \
        on conflict (workspace_id) do update set due_at_ms = excluded.due_at_ms \
        where due.due_at_ms > excluded.due_at_ms";
    READY = "select workspace_id from due where due_at_ms <= $1 \
        order by served_at_ms, workspace_id limit 1";
    SERVED = "insert into due (workspace_id, due_at_ms, served_at_ms) values ($1, $2, $3) \
        on conflict (workspace_id) do update set due_at_ms = excluded.due_at_ms, \
        served_at_ms = excluded.served_at_ms";
    IDLE = "delete from due where workspace_id = $1 and due_at_ms <= $2";
}

impl Due<'_> {
    /// Notes that a tenant has a job due at `at`, unless an earlier one is known.
    pub(crate) fn hint(&mut self, tenant: TenantId, at: TimeMs) -> Result<(), StoreError> {
        self.bound.platform_run(&HINT, values![tenant, at]).map(drop)
    }

    /// Of the tenants with due jobs, the one served longest ago.
    pub(crate) fn next_ready(&mut self) -> Result<Option<TenantId>, StoreError> {
        let now = self.bound.now();
        self.bound.platform_one(&READY, values![now])?.map(|mut row| row.id()).transpose()
    }

    /// Notes that a tenant was served now, and when its next job is due.
    pub(crate) fn served(
        &mut self,
        tenant: TenantId,
        next: Option<TimeMs>,
    ) -> Result<(), StoreError> {
        let now = self.bound.now();
        match next {
            Some(next) => self.bound.platform_run(&SERVED, values![tenant, next, now]).map(drop),
            None => self.bound.platform_run(&IDLE, values![tenant, now]).map(drop),
        }
    }
}

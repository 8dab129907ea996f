//! How people may sign in to the workspace.
//!
//! Always true: one row per workspace at most; without one, the default policy holds.

use domain::TimeMs;
use domain::authz::{Permit, SetSignInPolicy};
use domain::sign_in::SignInPolicy;

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::{json, values};

handle! {
    /// The workspace's sign-in policy.
    pub SignInPolicies
}

/// The policy in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredPolicy {
    /// What it says.
    pub policy: SignInPolicy,
    /// When it was set; `None` when it never was.
    pub updated_at: Option<TimeMs>,
}

tenant_statements! { "sign_in_policies":
    FIND = "select policy, updated_at_ms from sign_in_policies where tenant_id = $1";
    SET = "insert into sign_in_policies (tenant_id, policy, updated_at_ms) values ($1, $2, $3) \
        on conflict (tenant_id) do update set policy = excluded.policy, \
        updated_at_ms = excluded.updated_at_ms";
}

impl SignInPolicies<'_> {
    /// The policy in force.
    ///
    /// # Errors
    /// The engine's.
    pub fn get(&mut self) -> Result<StoredPolicy, StoreError> {
        let Some(mut row) = self.bound.one(&FIND, values![])? else {
            return Ok(StoredPolicy::default());
        };
        Ok(StoredPolicy { policy: row.json()?, updated_at: Some(row.time()?) })
    }

    /// Sets it.
    ///
    /// # Errors
    /// The engine's.
    pub fn set(&mut self, permit: Permit<SetSignInPolicy>) -> Result<StoredPolicy, StoreError> {
        let policy = permit.into_inner().policy;
        let now = self.bound.now();
        self.bound.change_one(&SET, values![json(&policy)?, now])?;
        Ok(StoredPolicy { policy, updated_at: Some(now) })
    }
}

//! One-shot reads: one statement in one round trip, for the hot path.
//!
//! Always true
//! 1. A one-shot read is bound to the scope's tenant exactly like a transaction's, by the same
//!    statements.
//! 2. When its future is dropped half-way, its connection is closed and never serves anybody else.

use domain::{EnvironmentId, ProjectId, Scope, VariableName};

use crate::tenant::{SealedSecret, Secret};
use crate::{Store, StoreError, Unit};

impl Store {
    /// A secret's newest value, sealed: what `tx.secrets().sealed(…)` finds, without a transaction
    /// around it.
    ///
    /// # Errors
    /// The engine's.
    pub async fn fetch_sealed(
        &self,
        scope: &Scope,
        project: ProjectId,
        environment: EnvironmentId,
        name: &VariableName,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let asked = SealedSecret::asked(project, environment, name);
        let rows = self.fetch(Unit::Tenant(scope.tenant()), asked).await?;
        rows.into_iter().next().map(SealedSecret::from_row).transpose()
    }

    /// A secret without its value: what `tx.secrets().find(…)` finds.
    ///
    /// # Errors
    /// The engine's.
    pub async fn fetch_secret(
        &self,
        scope: &Scope,
        project: ProjectId,
        environment: EnvironmentId,
        name: &VariableName,
    ) -> Result<Option<Secret>, StoreError> {
        let asked = Secret::asked(project, environment, name);
        let rows = self.fetch(Unit::Tenant(scope.tenant()), asked).await?;
        rows.into_iter().next().map(Secret::from_row).transpose()
    }
}

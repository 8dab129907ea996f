//! The branch between the two engines, and the only code that talks to a driver.

use domain::{Mint, TenantId};

use crate::bound::{Access, Bound};
use crate::sql::Effect;
use crate::value::{Row, Value};
use crate::{StoreConfig, StoreError, Unit};

/// A wall of the database that is weaker than it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which guard, a stable word such as `row_security.not_forced`.
    pub guard: &'static str,
    /// Where: a table, role or file.
    pub place: String,
}

/// How a closure ended: keep what it wrote, or undo it.
pub(crate) enum Outcome<R> {
    Commit(R),
    RollBack(R),
}

pub(crate) enum Engine {}

pub(crate) struct Link {}

impl Link {
    pub(crate) fn execute(&mut self, _text: &str, _values: &[&Value]) -> Result<u64, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(crate) fn query(
        &mut self,
        _text: &str,
        _effect: Effect,
        _values: &[&Value],
    ) -> Result<Vec<Row>, StoreError> {
        Err(StoreError::Unreachable)
    }
}

impl Engine {
    pub(crate) async fn open(_config: StoreConfig, _mint: Mint) -> Result<Self, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(crate) async fn transact<R: Send + 'static>(
        &self,
        _unit: Unit,
        _id: TenantId,
        _access: Access,
        _work: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(crate) async fn create_unit(&self, _tenant: TenantId) -> Result<(), StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(crate) async fn remove_unborn_unit(&self, _tenant: TenantId) -> Result<(), StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(crate) async fn verify_guards(&self) -> Result<Vec<Finding>, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(crate) async fn close(&self) {}
}

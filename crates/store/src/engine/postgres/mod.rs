//! PostgreSQL.

use domain::{Mint, TenantId};

use super::{Finding, Outcome};
use crate::bound::{Access, Bound};
use crate::sql::Effect;
use crate::value::{Row, Value};
use crate::{PostgresTarget, StoreError, Unit};

pub(crate) struct Postgres {}

pub(crate) struct Link {}

impl Link {
    pub(crate) fn execute(&mut self, _: &str, _: &[&Value]) -> Result<u64, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(crate) fn query(
        &mut self,
        _: &str,
        _: Effect,
        _: &[&Value],
    ) -> Result<Vec<Row>, StoreError> {
        Err(StoreError::Unreachable)
    }
}

impl Postgres {
    pub(super) async fn open(
        _: &PostgresTarget,
        _: &PostgresTarget,
        _: usize,
        _: Mint,
    ) -> Result<Self, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(super) async fn transact<R: Send + 'static>(
        &self,
        _: Unit,
        _: TenantId,
        _: Access,
        _: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(super) async fn verify_guards(&self) -> Result<Vec<Finding>, StoreError> {
        Err(StoreError::Unreachable)
    }

    pub(super) fn close(&self) {}
}

//! A transaction bound to one unit: the only place that puts a tenant into a statement.
//!
//! Always true
//! 1. The unit's id is bound as `$1` of every tenant statement here, from the transaction, not from
//!    a caller.
//! 2. A statement that failed spoils the transaction: nothing after it runs and it cannot be
//!    committed. (An engine may answer "rolled back" to COMMIT without an error; that must never
//!    look like success.)
//! 3. A read transaction refuses statements that write or lock, on both engines alike.

use domain::{Mint, TenantId, TimeMs};

use crate::StoreError;
use crate::engine::Link;
use crate::sql::{Effect, Filters, PlatformSql, TenantSql};
use crate::value::{Row, Value};

/// Whether a transaction may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// An open transaction on one unit.
pub(crate) struct Bound {
    link: Link,
    unit: TenantId,
    access: Access,
    now: TimeMs,
    mint: Mint,
    wrote: bool,
    spoilt: bool,
    /// Earliest due time of the jobs enqueued here: the control unit learns of it after the commit.
    pub(crate) due: Option<TimeMs>,
}

impl Bound {
    pub(crate) fn new(link: Link, unit: TenantId, access: Access, mint: Mint) -> Self {
        let now = mint.now();
        Self { link, unit, access, now, mint, wrote: false, spoilt: false, due: None }
    }

    /// The moment this transaction began; the same for all its rows and entries.
    pub(crate) const fn now(&self) -> TimeMs {
        self.now
    }

    pub(crate) const fn mint(&self) -> &Mint {
        &self.mint
    }

    pub(crate) const fn unit(&self) -> TenantId {
        self.unit
    }

    pub(crate) const fn wrote(&self) -> bool {
        self.wrote
    }

    pub(crate) const fn spoilt(&self) -> bool {
        self.spoilt
    }

    pub(crate) fn into_link(self) -> Link {
        self.link
    }

    /// Runs a statement; the number of rows it changed.
    pub(crate) fn run(&mut self, sql: &TenantSql, values: &[Value]) -> Result<u64, StoreError> {
        let tenant = Value::from(self.unit);
        let bound: Vec<&Value> = std::iter::once(&tenant).chain(values).collect();
        self.execute(sql.text(), sql.effect(), &bound)
    }

    /// Runs a statement whose rows are wanted.
    pub(crate) fn rows(
        &mut self,
        sql: &TenantSql,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let tenant = Value::from(self.unit);
        let bound: Vec<&Value> = std::iter::once(&tenant).chain(values).collect();
        self.query(sql.text(), sql.effect(), &bound)
    }

    /// Runs a listing with further conditions.
    pub(crate) fn filtered(
        &mut self,
        sql: &TenantSql,
        values: &[Value],
        filters: &Filters,
    ) -> Result<Vec<Row>, StoreError> {
        let text = filters.applied(sql.text(), values.len() + 2);
        let tenant = Value::from(self.unit);
        let bound: Vec<&Value> =
            std::iter::once(&tenant).chain(values).chain(filters.values()).collect();
        self.query(&text, sql.effect(), &bound)
    }

    /// The row of a statement that finds at most one.
    pub(crate) fn one(
        &mut self,
        sql: &TenantSql,
        values: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        at_most_one(self.rows(sql, values)?)
    }

    /// A change that must touch exactly one row, because the row was locked or just read.
    pub(crate) fn change_one(
        &mut self,
        sql: &TenantSql,
        values: &[Value],
    ) -> Result<(), StoreError> {
        let changed = self.run(sql, values)?;
        self.exactly_one(changed)
    }

    /// A change that touches one row when its condition still holds, and none otherwise.
    pub(crate) fn change_if(
        &mut self,
        sql: &TenantSql,
        values: &[Value],
    ) -> Result<bool, StoreError> {
        let changed = self.run(sql, values)?;
        self.one_or_none(changed)
    }

    /// Inserts one row as late as the commit, which saves round trips: for what nothing reads
    /// before.
    pub(crate) fn insert_late(
        &mut self,
        sql: &TenantSql,
        values: &[Value],
    ) -> Result<(), StoreError> {
        self.admit(sql.effect())?;
        let bound = std::iter::once(Value::from(self.unit)).chain(values.iter().cloned()).collect();
        let done = self.link.insert_late(sql.text(), bound);
        self.settle(done)
    }

    /// Runs a platform statement; the number of rows it changed.
    pub(crate) fn platform_run(
        &mut self,
        sql: &PlatformSql,
        values: &[Value],
    ) -> Result<u64, StoreError> {
        let bound: Vec<&Value> = values.iter().collect();
        self.execute(sql.text(), sql.effect(), &bound)
    }

    /// Runs a platform statement whose rows are wanted.
    pub(crate) fn platform_rows(
        &mut self,
        sql: &PlatformSql,
        values: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let bound: Vec<&Value> = values.iter().collect();
        self.query(sql.text(), sql.effect(), &bound)
    }

    /// The row of a platform statement that finds at most one.
    pub(crate) fn platform_one(
        &mut self,
        sql: &PlatformSql,
        values: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        at_most_one(self.platform_rows(sql, values)?)
    }

    /// A platform change that must touch exactly one row.
    pub(crate) fn platform_change_one(
        &mut self,
        sql: &PlatformSql,
        values: &[Value],
    ) -> Result<(), StoreError> {
        let changed = self.platform_run(sql, values)?;
        self.exactly_one(changed)
    }

    /// A platform change that touches one row when its condition still holds, and none otherwise.
    pub(crate) fn platform_change_if(
        &mut self,
        sql: &PlatformSql,
        values: &[Value],
    ) -> Result<bool, StoreError> {
        let changed = self.platform_run(sql, values)?;
        self.one_or_none(changed)
    }

    fn execute(&mut self, text: &str, effect: Effect, v: &[&Value]) -> Result<u64, StoreError> {
        self.admit(effect)?;
        let done = self.link.execute(text, v);
        self.settle(done)
    }

    fn query(&mut self, text: &str, effect: Effect, v: &[&Value]) -> Result<Vec<Row>, StoreError> {
        self.admit(effect)?;
        let done = self.link.query(text, effect, v);
        self.settle(done)
    }

    fn admit(&mut self, effect: Effect) -> Result<(), StoreError> {
        if self.spoilt {
            return Err(StoreError::Defect("a statement after one that failed"));
        }
        if effect != Effect::Reads && self.access == Access::Read {
            self.spoilt = true;
            return Err(StoreError::Defect("a statement that writes in a transaction that reads"));
        }
        self.wrote |= effect == Effect::Writes;
        Ok(())
    }

    fn settle<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.spoilt |= done.is_err();
        done
    }

    fn exactly_one(&mut self, changed: u64) -> Result<(), StoreError> {
        if self.one_or_none(changed)? {
            return Ok(());
        }
        self.spoilt = true;
        Err(StoreError::Conflict)
    }

    fn one_or_none(&mut self, changed: u64) -> Result<bool, StoreError> {
        match changed {
            0 => Ok(false),
            1 => Ok(true),
            _ => {
                self.spoilt = true;
                Err(StoreError::Defect("a change of one row touched several"))
            }
        }
    }
}

fn at_most_one(rows: Vec<Row>) -> Result<Option<Row>, StoreError> {
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (first, None) => Ok(first),
        _ => Err(StoreError::Defect("a statement for one row found several")),
    }
}

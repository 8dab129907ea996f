//! The connection of an open transaction, and what its errors mean.
//!
//! Always true
//! 1. A link that is dropped with its transaction open takes its connection with it: the connection
//!    is closed.
//! 2. Nothing of an error but its code and the constraint's name is logged; details hold values.

use std::future::Future;

use bytes::BytesMut;
use deadpool_postgres::Object;
use futures_util::future::{join, join_all, join3};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::sql::Effect;
use crate::value::{Row, Value};
use crate::{Refusal, StoreError};

type Driver<T> = Result<T, tokio_postgres::Error>;

/// Most inserts that travel with a commit. `join_all` polls up to thirty futures in their order.
const LATE_MAX: usize = 24;

/// A connection on loan from its pool. It goes back only after [`Lease::give_back`].
pub(super) struct Lease {
    client: Option<Object>,
}

impl Lease {
    pub(super) const fn new(client: Object) -> Self {
        Self { client: Some(client) }
    }

    pub(super) fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or(StoreError::Defect("a connection was used after its end"))
    }

    /// The transaction has ended: the connection may serve somebody else.
    pub(super) fn give_back(&mut self) {
        self.client = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // Taken out of the pool and dropped: the socket closes, and the server rolls back.
            drop(Object::take(client));
        }
    }
}

/// The connection of an open transaction.
pub(crate) struct Link {
    lease: Lease,
    handle: Handle,
    /// What begins the transaction; sent with the first statement.
    begin: Option<String>,
    /// Inserts that travel with the commit.
    late: Vec<(&'static str, Vec<Value>)>,
}

impl Link {
    pub(super) const fn new(client: Object, handle: Handle, begin: String) -> Self {
        Self { lease: Lease::new(client), handle, begin: Some(begin), late: Vec::new() }
    }

    /// Keeps an insert back, to send it with the commit: one round trip for all of them.
    pub(crate) fn insert_late(
        &mut self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        if self.late.len() == LATE_MAX {
            for (text, values) in std::mem::take(&mut self.late) {
                self.execute(text, &values.iter().collect::<Vec<_>>())?;
            }
        }
        self.late.push((text, values));
        Ok(())
    }

    pub(crate) fn execute(&mut self, text: &str, values: &[&Value]) -> Result<u64, StoreError> {
        let begin = self.begin.take();
        let client = self.lease.client()?;
        let done = self.handle.block_on(async {
            let statement = client.prepare_cached(text).await?;
            together(client, begin, client.execute_raw(&statement, values.iter().copied())).await
        });
        done.map_err(|error| meaning(&error))
    }

    pub(crate) fn query(
        &mut self,
        text: &str,
        effect: Effect,
        values: &[&Value],
    ) -> Result<Vec<Row>, StoreError> {
        let begin = self.begin.take();
        let client = self.lease.client()?;
        let locking;
        let text = if effect == Effect::Locks {
            locking = format!("{text} for update");
            &locking
        } else {
            text
        };
        let values: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| *value as &(dyn ToSql + Sync)).collect();
        let done = self.handle.block_on(async {
            let statement = client.prepare_cached(text).await?;
            together(client, begin, client.query(&statement, &values)).await
        });
        let rows = done.map_err(|error| meaning(&error))?;
        rows.iter().map(row).collect()
    }

    /// Commits; what was written is durable when this returns.
    ///
    /// A late insert that fails makes the server answer COMMIT with a rollback; its error is
    /// returned, and the connection is closed.
    pub(super) fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let late = std::mem::take(&mut self.late);
        if late.is_empty() {
            return self.end("commit");
        }
        let begin = self.begin.take();
        let client = self.lease.client()?;
        self.handle.block_on(commit_with(client, begin, &late)).map_err(|error| meaning(&error))?;
        self.lease.give_back();
        Ok(())
    }

    pub(super) fn roll_back(mut self: Box<Self>) -> Result<(), StoreError> {
        self.end("rollback")
    }

    fn end(&mut self, how: &str) -> Result<(), StoreError> {
        if self.begin.is_none() {
            let client = self.lease.client()?;
            self.handle.block_on(client.batch_execute(how)).map_err(|error| meaning(&error))?;
        }
        self.lease.give_back();
        Ok(())
    }
}

/// Runs a statement; when it is the first, BEGIN and the tenant setting are sent before it without
/// waiting. They cannot be separated: row security shows nothing without the setting, and an error
/// of either is an error.
async fn together<T>(
    client: &Object,
    begin: Option<String>,
    statement: impl Future<Output = Driver<T>>,
) -> Driver<T> {
    match begin {
        None => statement.await,
        Some(begin) => {
            let (begun, done) = join(client.batch_execute(&begin), statement).await;
            begun?;
            done
        }
    }
}

/// Sends late inserts and COMMIT together, in this order.
async fn commit_with(
    client: &Object,
    begin: Option<String>,
    late: &[(&'static str, Vec<Value>)],
) -> Driver<()> {
    let mut inserts = Vec::with_capacity(late.len());
    for (text, values) in late {
        let statement = client.prepare_cached(text).await?;
        inserts.push(async move { client.execute_raw(&statement, values).await });
    }
    let begun = async {
        match begin {
            Some(begin) => client.batch_execute(&begin).await,
            None => Ok(()),
        }
    };
    // Each future sends its message when it is first polled, and these are polled in this order.
    let commit = client.batch_execute("commit");
    let (begun, inserted, ended) = join3(begun, join_all(inserts), commit).await;
    begun?;
    inserted.into_iter().collect::<Driver<Vec<u64>>>()?;
    ended
}

/// A whole reading transaction in one round trip.
pub(super) async fn one_shot(
    client: &Object,
    begin: &str,
    text: &str,
    values: &[Value],
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let values: Vec<&(dyn ToSql + Sync)> =
        values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let done = async {
        let statement = client.prepare_cached(text).await?;
        let (begun, found, ended) = join3(
            client.batch_execute(begin),
            client.query(&statement, &values),
            client.batch_execute("commit"),
        )
        .await;
        begun?;
        ended?;
        found
    };
    done.await.map_err(|error| meaning(&error))
}

/// One row, with the types our tables have.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let values = row
        .columns()
        .iter()
        .enumerate()
        .map(|(n, column)| match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(n).map(Value::from),
            Type::TEXT => row.try_get::<_, Option<String>>(n).map(Value::from),
            Type::UUID => row.try_get::<_, Option<Uuid>>(n).map(Value::from),
            _ => row
                .try_get::<_, Option<&[u8]>>(n)
                .map(|bytes| bytes.map_or(Value::Null, Value::from)),
        })
        .collect::<Result<_, _>>()
        .map_err(|_| StoreError::Corrupt)?;
    Ok(Row::new(values))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(kind, out),
            Self::Id(id) => id.to_sql_checked(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA | Type::UUID)
    }

    to_sql_checked!();
}

/// What an error of the driver or the server means.
pub(super) fn meaning(error: &tokio_postgres::Error) -> StoreError {
    let Some(code) = error.code() else {
        tracing::error!(closed = error.is_closed(), "PostgreSQL cannot be reached");
        return StoreError::Unreachable;
    };
    let meaning = match *code {
        SqlState::UNIQUE_VIOLATION
        | SqlState::FOREIGN_KEY_VIOLATION
        | SqlState::CHECK_VIOLATION
        | SqlState::NOT_NULL_VIOLATION => StoreError::Conflict,
        SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::QUERY_CANCELED
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::OUT_OF_MEMORY => StoreError::Busy,
        SqlState::DISK_FULL => StoreError::Full,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Corrupt,
        SqlState::READ_ONLY_SQL_TRANSACTION => Refusal::ReadOnly.into(),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::CONNECTION_EXCEPTION
        | SqlState::CONNECTION_FAILURE
        | SqlState::INVALID_PASSWORD
        | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        | SqlState::INVALID_CATALOG_NAME => StoreError::Unreachable,
        _ => StoreError::Defect("the database refused a statement"),
    };
    if meaning != StoreError::Conflict {
        let constraint = error.as_db_error().and_then(|error| error.constraint());
        tracing::error!(code = code.code(), constraint, %meaning, "PostgreSQL refused");
    }
    meaning
}

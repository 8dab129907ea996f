//! Rotation of the keys that seal a tenant's records: the records under a key, their exchange, the
//! fence in front of a retired key, and the schedule.
//!
//! Always true
//! 1. Everything walks over [`SEALED_COLUMNS`]: a column that is not registered fails a test.
//! 2. A record is exchanged only while it still is what was read: the comparison is part of the
//!    statement, so a newer value is never reverted.
//! 3. Once a key is retired here, the database refuses every row under it; a count after that is
//!    final. The team's row is locked meanwhile, so that no writer is half-way.

use domain::{EnvironmentId, Sealed, SecretId, TimeMs, UserId};
use uuid::Uuid;

use super::handle;
use crate::StoreError;
use crate::sealed::{PROVIDER_SECRETS, SECRET_VALUES, STREAM_SECRETS, SealedColumn};
use crate::sql::{TenantSql, tenant_statements};
use crate::value::{Row, values};

handle! {
    /// Records under keys, and the schedule of their rotation.
    pub Sealing
}

/// How many records of one column are under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCount {
    /// The column.
    pub column: &'static SealedColumn,
    /// The key that the envelopes name.
    pub key: [u8; 16],
    /// How many there are.
    pub records: u64,
}

/// One sealed record, with what its name is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// The column.
    pub column: &'static SealedColumn,
    /// Which record.
    pub id: Uuid,
    /// Which version of it.
    pub version: u64,
    /// The environment whose key seals it; `None`: the realm's own.
    pub environment: Option<EnvironmentId>,
    /// The envelope.
    pub sealed: Sealed,
}

/// How often a tenant's keys get successors, and where the rotation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingSchedule {
    /// Days from one rotation to the next.
    pub interval_days: u32,
    /// Since when a rotation is wanted; `None`: none is.
    pub wanted_at: Option<TimeMs>,
    /// Who wants it.
    pub wanted_by: Option<String>,
    /// When the last one finished.
    pub finished_at: Option<TimeMs>,
    /// Since when the owner knows that one is overdue.
    pub overdue_at: Option<TimeMs>,
}

tenant_statements! { "sealing":
    COUNT_SECRETS = "select substr(sealed, 7, 16), count(*) from secret_versions \
        where tenant_id = $1 group by substr(sealed, 7, 16)";
    COUNT_PROVIDERS = "select substr(secret_sealed, 7, 16), count(*) from providers \
        where tenant_id = $1 group by substr(secret_sealed, 7, 16)";
    COUNT_STREAMS = "select substr(sealed, 7, 16), count(*) from audit_stream_secrets \
        where tenant_id = $1 group by substr(sealed, 7, 16)";
    STREAMS_UNDER = "select stream_id, version, sealed from audit_stream_secrets \
        where tenant_id = $1 and substr(sealed, 7, 16) = $2 \
        and (stream_id, version) > ($3, $4) order by stream_id, version limit $5";
    EXCHANGE_STREAM = "update audit_stream_secrets set sealed = $5 \
        where tenant_id = $1 and stream_id = $2 and version = $3 and sealed = $4";
    SECRETS_UNDER = "select v.secret_id, v.version, s.environment_id, v.sealed \
        from secret_versions v join secrets s on s.tenant_id = $1 and s.secret_id = v.secret_id \
        where v.tenant_id = $1 and substr(v.sealed, 7, 16) = $2 \
        and (v.secret_id, v.version) > ($3, $4) order by v.secret_id, v.version limit $5";
    PROVIDERS_UNDER = "select provider_id, secret_version, secret_sealed from providers \
        where tenant_id = $1 and substr(secret_sealed, 7, 16) = $2 \
        and (provider_id, secret_version) > ($3, $4) order by provider_id limit $5";
    EXCHANGE_SECRET = "update secret_versions set sealed = $5 \
        where tenant_id = $1 and secret_id = $2 and version = $3 and sealed = $4";
    EXCHANGE_PROVIDER = "update providers set secret_sealed = $5 \
        where tenant_id = $1 and provider_id = $2 and secret_version = $3 and secret_sealed = $4";
    HOME_OF_SECRET = "select environment_id from secrets where tenant_id = $1 and secret_id = $2";
    DELETE_SECRET = "delete from secrets where tenant_id = $1 and secret_id = $2";
    OWNER = "select user_id from members where tenant_id = $1 and role = 'owner'";
    RETIRE = "insert into retired_keys (tenant_id, data_key, retired_at_ms) values ($1, $2, $3) \
        on conflict (tenant_id, data_key) do nothing";
    SCHEDULE = "select interval_days, wanted_at_ms, wanted_by, finished_at_ms, overdue_at_ms \
        from sealing_schedules where tenant_id = $1";
    SET_INTERVAL = "insert into sealing_schedules (tenant_id, interval_days) values ($1, $2) \
        on conflict (tenant_id) do update set interval_days = excluded.interval_days";
    WANT = "insert into sealing_schedules (tenant_id, interval_days, wanted_at_ms, wanted_by) \
        values ($1, $2, $3, $4) on conflict (tenant_id) do update \
        set wanted_at_ms = excluded.wanted_at_ms, wanted_by = excluded.wanted_by \
        where sealing_schedules.wanted_at_ms is null";
    FINISH = "update sealing_schedules set wanted_at_ms = null, wanted_by = null, \
        finished_at_ms = $2, overdue_at_ms = null where tenant_id = $1";
    OVERDUE = "insert into sealing_schedules (tenant_id, interval_days, overdue_at_ms) \
        values ($1, $2, $3) on conflict (tenant_id) do update \
        set overdue_at_ms = excluded.overdue_at_ms \
        where sealing_schedules.overdue_at_ms is null";
}

impl Sealing<'_> {
    /// How many records of each registered column are under which key.
    ///
    /// # Errors
    /// The engine's; [`StoreError::Corrupt`] for a column that holds no envelope.
    pub fn census(&mut self) -> Result<Vec<KeyCount>, StoreError> {
        let mut counts = Vec::new();
        for (column, sql) in [
            (&SECRET_VALUES, &COUNT_SECRETS),
            (&PROVIDER_SECRETS, &COUNT_PROVIDERS),
            (&STREAM_SECRETS, &COUNT_STREAMS),
        ] {
            for mut row in self.bound.rows(sql, values![])? {
                counts.push(KeyCount { column, key: row.array()?, records: row.count()? });
            }
        }
        Ok(counts)
    }

    /// Records of a column under `key`, after the record `after`, at most `count`.
    ///
    /// # Errors
    /// The engine's.
    pub fn under(
        &mut self,
        column: &'static SealedColumn,
        key: [u8; 16],
        after: (Uuid, u64),
        count: u32,
    ) -> Result<Vec<SealedRecord>, StoreError> {
        let (id, version) = after;
        let parameters = values![key, id, version, count];
        let (sql, read): (&TenantSql, fn(&'static SealedColumn, Row) -> _) =
            match statements_of(column) {
                Noun::Secret => (&SECRETS_UNDER, secret_of),
                Noun::Provider => (&PROVIDERS_UNDER, of_the_realm),
                Noun::Stream => (&STREAMS_UNDER, of_the_realm),
            };
        let rows = self.bound.rows(sql, parameters)?;
        rows.into_iter().map(|row| read(column, row)).collect()
    }

    /// Puts `sealed` in the place of a record, if that still is what was read. `false`: it is
    /// another one by now, or gone; nothing changed.
    ///
    /// # Errors
    /// The engine's.
    pub fn exchange(&mut self, from: &SealedRecord, sealed: &Sealed) -> Result<bool, StoreError> {
        let sql = match statements_of(from.column) {
            Noun::Secret => &EXCHANGE_SECRET,
            Noun::Provider => &EXCHANGE_PROVIDER,
            Noun::Stream => &EXCHANGE_STREAM,
        };
        self.bound.change_if(sql, values![from.id, from.version, &from.sealed, sealed])
    }

    /// Raises the fence in front of a key: from here on the database refuses rows under it. The
    /// team's row was locked before.
    ///
    /// # Errors
    /// The engine's.
    pub fn retire(&mut self, key: [u8; 16]) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.run(&RETIRE, values![key, now]).map(drop)
    }

    /// The environment of a secret; `None`: there is no such secret.
    ///
    /// # Errors
    /// The engine's.
    pub fn environment_of(
        &mut self,
        secret: SecretId,
    ) -> Result<Option<EnvironmentId>, StoreError> {
        self.bound.one(&HOME_OF_SECRET, values![secret])?.map(|mut row| row.id()).transpose()
    }

    /// Who owns the workspace, and is told of its keys. `None`: nobody is in it.
    ///
    /// # Errors
    /// The engine's.
    pub fn owner(&mut self) -> Result<Option<UserId>, StoreError> {
        self.bound.one(&OWNER, values![])?.map(|mut row| row.id()).transpose()
    }

    /// Deletes a secret with all its versions. `false`: there is none.
    ///
    /// # Errors
    /// The engine's.
    pub fn delete_secret(&mut self, secret: SecretId) -> Result<bool, StoreError> {
        self.bound.change_if(&DELETE_SECRET, values![secret])
    }

    /// The schedule, where one was ever written.
    ///
    /// # Errors
    /// The engine's.
    pub fn schedule(&mut self) -> Result<Option<SealingSchedule>, StoreError> {
        let Some(mut row) = self.bound.one(&SCHEDULE, values![])? else { return Ok(None) };
        Ok(Some(SealingSchedule {
            interval_days: row.small()?,
            wanted_at: row.optional_time()?,
            wanted_by: row.optional_text()?,
            finished_at: row.optional_time()?,
            overdue_at: row.optional_time()?,
        }))
    }

    /// Sets how often the keys get successors.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] outside 1 to 3650 days.
    pub fn set_interval(&mut self, days: u32) -> Result<(), StoreError> {
        self.bound.change_one(&SET_INTERVAL, values![days])
    }

    /// Asks for a rotation. `false`: one is asked for already.
    ///
    /// # Errors
    /// The engine's.
    pub fn want(&mut self, default_days: u32, by: &str) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.change_if(&WANT, values![default_days, now, by])
    }

    /// Notes that a rotation finished.
    ///
    /// # Errors
    /// The engine's.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.change_if(&FINISH, values![now]).map(drop)
    }

    /// Notes that a rotation is overdue. `false`: that is known already.
    ///
    /// # Errors
    /// The engine's.
    pub fn overdue(&mut self, default_days: u32) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.change_if(&OVERDUE, values![default_days, now])
    }
}

enum Noun {
    Secret,
    Provider,
    Stream,
}

fn statements_of(column: &SealedColumn) -> Noun {
    if column == &SECRET_VALUES {
        Noun::Secret
    } else if column == &PROVIDER_SECRETS {
        Noun::Provider
    } else {
        Noun::Stream
    }
}

fn secret_of(column: &'static SealedColumn, mut row: Row) -> Result<SealedRecord, StoreError> {
    Ok(SealedRecord {
        column,
        id: row.id()?,
        version: row.count()?,
        environment: Some(row.id()?),
        sealed: row.sealed()?,
    })
}

fn of_the_realm(column: &'static SealedColumn, mut row: Row) -> Result<SealedRecord, StoreError> {
    let (id, version) = (row.id()?, row.count()?);
    Ok(SealedRecord { column, id, version, environment: None, sealed: row.sealed()? })
}

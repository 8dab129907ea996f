//! Streams of the workspace's logs to receivers of its own.
//!
//! Always true
//! 1. A stream's cursor is the index of the next entry that its receiver has not taken, and moves
//!    only for the worker that holds the stream: every step compares the fence that the claim gave.
//! 2. A batch that was begun keeps its end until it was taken, so a try that is repeated after a
//!    crash has the same entries.
//! 3. What a stream proves itself with is sealed, under the stream's id and a version that only
//!    rises.

use domain::authz::{ManageStream, Permit};
use domain::streams::{StreamFormat, StreamState, StreamTarget, StreamTrouble};
use domain::{AuditStreamId, Name, Sealed, TimeMs};
use ledger::Stream as LogStream;

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::{Row, json, values};

handle! {
    /// Streams of the workspace's logs.
    pub Streams
}

/// A stream, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its id.
    pub id: AuditStreamId,
    /// What the workspace's people call it.
    pub name: Name,
    /// Which log is sent.
    pub log: LogStream,
    /// In which form.
    pub format: StreamFormat,
    /// Where to.
    pub target: StreamTarget,
    /// How it stands.
    pub state: StreamState,
    /// Why the last try failed; `None` when it did not.
    pub trouble: Option<StreamTrouble>,
    /// The public key that its signatures are checked with, where it signs.
    pub public_key: Option<String>,
    /// The version of its newest secret; 0: it has none.
    pub secret_version: u64,
    /// The index of the next entry to send.
    pub next_index: u64,
    /// Where the batch ends that was begun, itself not part of it.
    pub batch_end: Option<u64>,
    /// Tries of that batch that failed.
    pub tries: u32,
    /// When the next try is due.
    pub due_at: TimeMs,
    /// What the worker's steps compare.
    pub fence: u64,
    /// Since when every try has failed.
    pub failing_since: Option<TimeMs>,
    /// When the owner was told so.
    pub told_at: Option<TimeMs>,
    /// When a batch was last taken.
    pub delivered_at: Option<TimeMs>,
    /// When it was made.
    pub created_at: TimeMs,
}

/// A stream to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStream {
    /// What it is called, uniquely in the workspace.
    pub name: Name,
    /// Which log is sent.
    pub log: LogStream,
    /// In which form.
    pub format: StreamFormat,
    /// Where to.
    pub target: StreamTarget,
    /// The public key that its signatures are checked with.
    pub public_key: Option<String>,
    /// The first entry that is sent.
    pub next_index: u64,
    /// What it proves itself with, as version 1.
    pub secret: Option<Sealed>,
}

/// One version of a stream's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedStreamSecret {
    /// Its version.
    pub version: u64,
    /// The envelope.
    pub sealed: Sealed,
    /// Until when it is used beside its successor; `None`: it is the newest.
    pub ends_at: Option<TimeMs>,
}

/// How a try ended, for the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The receiver took everything before this index.
    Taken(u64),
    /// It did not; the next try is due then.
    Failed {
        /// Why.
        trouble: StreamTrouble,
        /// When to try again.
        due_at: TimeMs,
        /// When the owner was told, or is told now.
        told_at: Option<TimeMs>,
    },
    /// It never will.
    Ended(StreamTrouble),
}

impl Stream {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        let count = |value: Option<i64>| {
            value.map(|one| u64::try_from(one).map_err(|_| StoreError::Corrupt)).transpose()
        };
        let trouble = |text: Option<String>| {
            text.map(|one| one.parse().map_err(|_| StoreError::Corrupt)).transpose()
        };
        Ok(Self {
            id: row.id()?,
            name: row.parsed()?,
            log: row.parsed()?,
            format: row.parsed()?,
            target: row.json()?,
            state: row.parsed()?,
            trouble: trouble(row.optional_text()?)?,
            public_key: row.optional_text()?,
            secret_version: row.count()?,
            next_index: row.count()?,
            batch_end: count(row.optional_int()?)?,
            tries: row.small()?,
            due_at: row.time()?,
            fence: row.count()?,
            failing_since: row.optional_time()?,
            told_at: row.optional_time()?,
            delivered_at: row.optional_time()?,
            created_at: row.time()?,
        })
    }
}

tenant_statements! { "streams":
    LIST = "select stream_id, name, log, format, target, state, trouble, public_key, \
        secret_version, next_index, batch_end, tries, due_at_ms, fence, failing_since_ms, \
        told_at_ms, delivered_at_ms, created_at_ms from audit_streams \
        where tenant_id = $1 order by stream_id limit 100";
    FIND = "select stream_id, name, log, format, target, state, trouble, public_key, \
        secret_version, next_index, batch_end, tries, due_at_ms, fence, failing_since_ms, \
        told_at_ms, delivered_at_ms, created_at_ms from audit_streams \
        where tenant_id = $1 and stream_id = $2";
    ADD = "insert into audit_streams (tenant_id, stream_id, name, log, format, target, state, \
        trouble, public_key, secret_version, next_index, batch_end, tries, due_at_ms, \
        lease_until_ms, fence, failing_since_ms, told_at_ms, delivered_at_ms, created_at_ms, \
        updated_at_ms) values ($1, $2, $3, $4, $5, $6, 'running', null, $7, $8, $9, null, 0, $10, \
        0, 0, null, null, null, $10, $10)";
    ADD_SECRET = "insert into audit_stream_secrets (tenant_id, stream_id, version, sealed, \
        ends_at_ms) values ($1, $2, $3, $4, null)";
    SECRETS = "select version, sealed, ends_at_ms from audit_stream_secrets \
        where tenant_id = $1 and stream_id = $2 and coalesce(ends_at_ms, 9223372036854775807) > $3 \
        order by version desc limit 4";
    END_SECRET = "update audit_stream_secrets set ends_at_ms = $4 \
        where tenant_id = $1 and stream_id = $2 and version = $3 and ends_at_ms is null";
    DROP_SECRETS = "delete from audit_stream_secrets where tenant_id = $1 and stream_id = $2 \
        and version < $3";
    ROTATE = "update audit_streams set secret_version = secret_version + 1, public_key = $4, \
        updated_at_ms = $5 where tenant_id = $1 and stream_id = $2 and secret_version = $3";
    STAND = "update audit_streams set state = $3, due_at_ms = $4, tries = 0, trouble = null, \
        failing_since_ms = null, told_at_ms = null, updated_at_ms = $4 \
        where tenant_id = $1 and stream_id = $2 and state <> $3";
    REMOVE = "delete from audit_streams where tenant_id = $1 and stream_id = $2";
    CLAIM = "update audit_streams set lease_until_ms = $3, fence = fence + 1 \
        where tenant_id = $1 and stream_id = $2 and state = 'running' and due_at_ms <= $4 \
        and lease_until_ms <= $4";
    BEGIN_BATCH = "update audit_streams set batch_end = $4 \
        where tenant_id = $1 and stream_id = $2 and fence = $3";
    RELEASE = "update audit_streams set lease_until_ms = 0 \
        where tenant_id = $1 and stream_id = $2 and fence = $3";
    TAKEN = "update audit_streams set next_index = $4, batch_end = null, tries = 0, \
        due_at_ms = $5, trouble = null, failing_since_ms = null, told_at_ms = null, \
        delivered_at_ms = $5, lease_until_ms = 0 \
        where tenant_id = $1 and stream_id = $2 and fence = $3 and next_index < $4";
    FAILED = "update audit_streams set tries = tries + 1, trouble = $4, due_at_ms = $5, \
        told_at_ms = $6, failing_since_ms = coalesce(failing_since_ms, $7), lease_until_ms = 0 \
        where tenant_id = $1 and stream_id = $2 and fence = $3";
    ENDED = "update audit_streams set state = 'disabled', trouble = $4, lease_until_ms = 0, \
        failing_since_ms = coalesce(failing_since_ms, $5), updated_at_ms = $5 \
        where tenant_id = $1 and stream_id = $2 and fence = $3";
}

impl Streams<'_> {
    /// All of them.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self) -> Result<Vec<Stream>, StoreError> {
        self.bound.rows(&LIST, values![])?.into_iter().map(Stream::from_row).collect()
    }

    /// One.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: AuditStreamId) -> Result<Option<Stream>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(Stream::from_row).transpose()
    }

    /// Makes one, which runs at once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the name is taken.
    pub fn add(&mut self, permit: Permit<ManageStream>, new: &NewStream) -> Result<(), StoreError> {
        let id = permit.into_inner().stream;
        let version = u64::from(new.secret.is_some());
        let now = self.bound.now();
        self.bound.change_one(
            &ADD,
            values![
                id,
                &new.name,
                new.log.as_str(),
                new.format.as_str(),
                json(&new.target)?,
                new.public_key.as_deref(),
                version,
                new.next_index,
                now
            ],
        )?;
        match &new.secret {
            Some(sealed) => self.bound.change_one(&ADD_SECRET, values![id, version, sealed]),
            None => Ok(()),
        }
    }

    /// Its secrets that are in use, newest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn secrets(&mut self, id: AuditStreamId) -> Result<Vec<SealedStreamSecret>, StoreError> {
        let now = self.bound.now();
        let read = |mut row: Row| {
            let (version, sealed) = (row.count()?, row.sealed()?);
            Ok(SealedStreamSecret { version, sealed, ends_at: row.optional_time()? })
        };
        self.bound.rows(&SECRETS, values![id, now])?.into_iter().map(read).collect()
    }

    /// Gives it a new secret after version `from`, which is used beside it until `ends_at`; what is
    /// older is dropped. `false`: somebody else did so meanwhile.
    ///
    /// # Errors
    /// The engine's.
    pub fn rotate(
        &mut self,
        permit: Permit<ManageStream>,
        (from, ends_at): (u64, TimeMs),
        public_key: Option<&str>,
        secret: &Sealed,
    ) -> Result<bool, StoreError> {
        let id = permit.into_inner().stream;
        let now = self.bound.now();
        if !self.bound.change_if(&ROTATE, values![id, from, public_key, now])? {
            return Ok(false);
        }
        self.bound.run(&END_SECRET, values![id, from, ends_at])?;
        self.bound.run(&DROP_SECRETS, values![id, from])?;
        self.bound.change_one(&ADD_SECRET, values![id, from + 1, secret])?;
        Ok(true)
    }

    /// Has it stand still, or go on at once. `false`: it stands like that already, or is not there.
    ///
    /// # Errors
    /// The engine's.
    pub fn stand(
        &mut self,
        permit: Permit<ManageStream>,
        state: StreamState,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        let id = permit.into_inner().stream;
        self.bound.change_if(&STAND, values![id, state.as_str(), now])
    }

    /// Removes it with its secrets. `false`: there is none.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, permit: Permit<ManageStream>) -> Result<bool, StoreError> {
        self.bound.change_if(&REMOVE, values![permit.into_inner().stream])
    }

    /// Takes a stream that is due, for `lease_ms`. `None`: it is not due, stands still, or somebody
    /// else holds it.
    ///
    /// # Errors
    /// The engine's.
    pub fn claim(
        &mut self,
        id: AuditStreamId,
        lease_ms: i64,
    ) -> Result<Option<Stream>, StoreError> {
        let now = self.bound.now();
        if !self.bound.change_if(&CLAIM, values![id, now.plus_ms(lease_ms), now])? {
            return Ok(None);
        }
        self.find(id)
    }

    /// Notes where the batch ends that a claimed stream begins.
    ///
    /// # Errors
    /// The engine's.
    pub fn begin_batch(&mut self, claimed: &Stream, end: u64) -> Result<bool, StoreError> {
        self.bound.change_if(&BEGIN_BATCH, values![claimed.id, claimed.fence, end])
    }

    /// Gives a claimed stream back untried.
    ///
    /// # Errors
    /// The engine's.
    pub fn release(&mut self, claimed: &Stream) -> Result<bool, StoreError> {
        self.bound.change_if(&RELEASE, values![claimed.id, claimed.fence])
    }

    /// Notes how a try ended. `false`: somebody else holds the stream by now, or it is gone;
    /// nothing changed.
    ///
    /// # Errors
    /// The engine's.
    pub fn settle(&mut self, claimed: &Stream, progress: Progress) -> Result<bool, StoreError> {
        let now = self.bound.now();
        let Stream { id, fence, .. } = *claimed;
        match progress {
            Progress::Taken(next) => self.bound.change_if(&TAKEN, values![id, fence, next, now]),
            Progress::Failed { trouble, due_at, told_at } => {
                let parameters = values![id, fence, trouble.as_str(), due_at, told_at, now];
                self.bound.change_if(&FAILED, parameters)
            }
            Progress::Ended(trouble) => {
                self.bound.change_if(&ENDED, values![id, fence, trouble.as_str(), now])
            }
        }
    }
}

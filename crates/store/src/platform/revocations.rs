//! What was revoked, in one order that every replica reads.
//!
//! Always true: numbers become visible in their order. The counter's row stays locked until the
//! transaction ends, so no reader ever sees a number before all smaller ones are there to be seen.

use std::str::FromStr;

use domain::{ApiKeyId, SessionId, TenantId, TimeMs, UserId};
use uuid::Uuid;

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// What was revoked, in order.
    pub Revocations
}

/// What access ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// A session's access tokens with an epoch below this one.
    Session {
        /// The session.
        session: SessionId,
        /// Its epoch from now on; `i64::MAX` when the session is over.
        epoch: i64,
    },
    /// All of a person's access tokens issued before now.
    User(UserId),
    /// An API key.
    Key(ApiKeyId),
    /// Everything of a workspace.
    Workspace(TenantId),
}

impl Revoked {
    fn parts(self) -> (&'static str, Uuid, i64) {
        match self {
            Self::Session { session, epoch } => ("session", session.uuid(), epoch),
            Self::User(user) => ("user", user.uuid(), 0),
            Self::Key(key) => ("key", key.uuid(), 0),
            Self::Workspace(workspace) => ("workspace", workspace.uuid(), 0),
        }
    }
}

/// A revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Its place in the order, from 1.
    pub seq: u64,
    /// What access ends.
    pub revoked: Revoked,
    /// When; a session's may be a moment to come.
    pub at: TimeMs,
}

#[derive(Clone, Copy)]
enum Kind {
    Session,
    User,
    Key,
    Workspace,
}

impl FromStr for Kind {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "session" => Ok(Self::Session),
            "user" => Ok(Self::User),
            "key" => Ok(Self::Key),
            "workspace" => Ok(Self::Workspace),
            _ => Err(StoreError::Corrupt),
        }
    }
}

impl Revocation {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        let (seq, kind, id) = (row.count()?, row.parsed::<Kind>()?, row.id::<Uuid>()?);
        let (epoch, at) = (row.int()?, row.time()?);
        let revoked = match kind {
            Kind::Session => Revoked::Session { session: id.into(), epoch },
            Kind::User => Revoked::User(id.into()),
            Kind::Key => Revoked::Key(id.into()),
            Kind::Workspace => Revoked::Workspace(id.into()),
        };
        Ok(Self { seq, revoked, at })
    }
}

platform_statements! { "revocations", "every replica reads what ended, whoever it belonged to":
    NEXT = "update revocation_head set seq = seq + 1 where one = 1 returning seq";
    ADD = "insert into revocations (seq, kind, subject_id, epoch, at_ms) \
        values ($1, $2, $3, $4, $5)";
    AFTER = "select seq, kind, subject_id, epoch, at_ms from revocations where seq > $1 \
        order by seq limit $2";
    LAST = "select seq from revocation_head where one = 1";
    SWEEP = "delete from revocations where at_ms < $1";
}

impl Revocations<'_> {
    /// Tells every replica; the number it has.
    ///
    /// # Errors
    /// The engine's.
    pub fn add(&mut self, revoked: Revoked) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.tell(revoked, now)
    }

    /// Tells every replica that a session's tokens below `epoch` end at a moment to come.
    ///
    /// # Errors
    /// The engine's.
    pub fn add_session_end(
        &mut self,
        session: SessionId,
        epoch: i64,
        at: TimeMs,
    ) -> Result<u64, StoreError> {
        self.tell(Revoked::Session { session, epoch }, at)
    }

    fn tell(&mut self, revoked: Revoked, at: TimeMs) -> Result<u64, StoreError> {
        let next = self.bound.platform_one(&NEXT, values![])?;
        let seq = next.map_or(Err(StoreError::Corrupt), |mut row| row.count())?;
        let (kind, subject, epoch) = revoked.parts();
        self.bound.platform_change_one(&ADD, values![seq, kind, subject, epoch, at])?;
        Ok(seq)
    }

    /// At most `count` revocations after `seq`, in order.
    ///
    /// # Errors
    /// The engine's.
    pub fn after(&mut self, seq: u64, count: u32) -> Result<Vec<Revocation>, StoreError> {
        let rows = self.bound.platform_rows(&AFTER, values![seq, count])?;
        rows.into_iter().map(Revocation::from_row).collect()
    }

    /// The newest number; 0 when nothing was ever revoked.
    ///
    /// # Errors
    /// The engine's.
    pub fn last(&mut self) -> Result<u64, StoreError> {
        let row = self.bound.platform_one(&LAST, values![])?;
        row.map_or(Err(StoreError::Corrupt), |mut row| row.count())
    }

    /// Forgets revocations of before `before`: access tokens of then have expired. How many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self, before: TimeMs) -> Result<u64, StoreError> {
        self.bound.platform_run(&SWEEP, values![before])
    }
}

//! The way of messages out of the house: claimed, sent, tried again, given up.
//!
//! Always true
//! 1. A message is claimed by one conditional statement, which moves its due time behind the lease:
//!    of any number of workers one has it, and when that one dies the message is due again.
//! 2. A message that was sent or given up keeps no sealed part.
//! 3. Sending happens between two transactions, so a message may go out twice when its worker dies
//!    in between; it is never lost.

use domain::{EmailAddress, NoticeId, Sealed, TimeMs, UserId, limits};
use serde_json::Value as Json;

use super::notices::NoticeKind;
use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Messages on their way out.
    pub Outbox
}

/// A claimed message.
#[derive(Debug, Clone, PartialEq)]
pub struct DueNotice {
    /// Its id.
    pub id: NoticeId,
    /// Whom it is for.
    pub user: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// What it is about.
    pub kind: NoticeKind,
    /// What the template shows.
    pub details: Json,
    /// What only the person may read.
    pub sealed: Option<Sealed>,
    /// When what it tells about happened.
    pub created_at: TimeMs,
    /// Tries so far, this one included.
    pub tries: u32,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server took it.
    Sent,
    /// It is to be tried again at this moment.
    Again(TimeMs),
    /// It will not be tried again.
    GivenUp,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeState {
    /// Its id.
    pub id: NoticeId,
    /// What it is about.
    pub kind: NoticeKind,
    /// Tries so far.
    pub tries: u32,
    /// When the mail server took it.
    pub sent_at: Option<TimeMs>,
    /// When it was given up.
    pub dead_at: Option<TimeMs>,
    /// Why the last try failed.
    pub failure: Option<String>,
}

/// How many messages are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Not sent yet.
    pub waiting: u64,
    /// Given up.
    pub dead: u64,
}

impl DueNotice {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            user: row.id()?,
            email: row.parsed()?,
            kind: row.parsed()?,
            details: row.json()?,
            sealed: row.optional_sealed()?,
            created_at: row.time()?,
            tries: row.small()?,
        })
    }
}

impl NoticeState {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            kind: row.parsed()?,
            tries: row.small()?,
            sent_at: row.optional_time()?,
            dead_at: row.optional_time()?,
            failure: row.optional_text()?,
        })
    }
}

platform_statements! { "outbox", "one worker sends the messages of everybody":
    DUE = "select n.notice_id, n.user_id, u.email, n.kind, n.details, n.sealed, \
        n.created_at_ms, n.tries from notices n join users u on u.user_id = n.user_id \
        where n.sent_at_ms is null and n.dead_at_ms is null and n.due_at_ms <= $1 \
        order by n.due_at_ms, n.notice_id limit 1";
    CLAIM = "update notices set due_at_ms = $3, tries = tries + 1 where notice_id = $1 \
        and tries = $2 and sent_at_ms is null and dead_at_ms is null";
    SENT = "update notices set sent_at_ms = $2, sealed = null, failure = null \
        where notice_id = $1 and sent_at_ms is null";
    AGAIN = "update notices set due_at_ms = $2, failure = $3 where notice_id = $1 \
        and sent_at_ms is null and dead_at_ms is null";
    GIVE_UP = "update notices set dead_at_ms = $2, sealed = null, failure = $3 \
        where notice_id = $1 and sent_at_ms is null and dead_at_ms is null";
    LIST = "select notice_id, kind, tries, sent_at_ms, dead_at_ms, failure from notices \
        where user_id = $1 and notice_id > $2 order by notice_id limit $3";
    COUNT_WAITING = "select count(*) from notices \
        where sent_at_ms is null and dead_at_ms is null";
    COUNT_DEAD = "select count(*) from notices where dead_at_ms is not null";
    SWEEP = "delete from notices where created_at_ms < $1";
}

impl Outbox<'_> {
    /// Claims the message that has been due longest, for `limits::NOTICE_LEASE_MS`. `None`: nothing
    /// is due, or another worker was faster.
    ///
    /// # Errors
    /// The engine's.
    pub fn claim(&mut self) -> Result<Option<DueNotice>, StoreError> {
        let now = self.bound.now();
        let row = self.bound.platform_one(&DUE, values![now])?;
        let Some(mut due) = row.map(DueNotice::from_row).transpose()? else { return Ok(None) };
        let leased_until = now.plus_ms(limits::NOTICE_LEASE_MS);
        let claimed =
            self.bound.platform_change_if(&CLAIM, values![due.id, due.tries, leased_until])?;
        due.tries += 1;
        Ok(claimed.then_some(due))
    }

    /// Notes how a try ended, and why it failed.
    ///
    /// # Errors
    /// The engine's.
    pub fn settle(
        &mut self,
        id: NoticeId,
        outcome: Outcome,
        failure: Option<&str>,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        match outcome {
            Outcome::Sent => self.bound.platform_change_if(&SENT, values![id, now]),
            Outcome::Again(at) => self.bound.platform_change_if(&AGAIN, values![id, at, failure]),
            Outcome::GivenUp => self.bound.platform_change_if(&GIVE_UP, values![id, now, failure]),
        }
    }

    /// What became of a person's messages, oldest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(
        &mut self,
        user: UserId,
        page: Page<NoticeId>,
    ) -> Result<Listing<NoticeState>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), NoticeId::uuid);
        let rows = self.bound.platform_rows(&LIST, values![user, after, page.fetched()])?;
        page.listing(rows, NoticeState::from_row)
    }

    /// How many messages wait, and how many were given up.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self) -> Result<Waiting, StoreError> {
        let waiting = self.bound.platform_one(&COUNT_WAITING, values![])?;
        let waiting = waiting.map_or(Ok(0), |mut row| row.count())?;
        let dead = self.bound.platform_one(&COUNT_DEAD, values![])?;
        let dead = dead.map_or(Ok(0), |mut row| row.count())?;
        Ok(Waiting { waiting, dead })
    }

    /// Removes messages of before `before`, sent or not; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self, before: TimeMs) -> Result<u64, StoreError> {
        self.bound.platform_run(&SWEEP, values![before])
    }
}

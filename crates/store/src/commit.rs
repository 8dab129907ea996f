//! How a transaction that writes may end.
//!
//! Always true
//! 1. A write closure returns a [`Commit`]: with audit events, with a listed reason for having
//!    none, or with the statement that nothing was written, which is checked. There is no fourth
//!    way.
//! 2. The events' entries are inserted in the same transaction as the rows they speak about.

use domain::{EntryId, SessionId, TimeMs};
use ledger::{AuditEvent, Stream, Verb};

use crate::Unit;

/// The successful end of a write closure.
#[derive(Debug)]
#[must_use = "a transaction ends with the commit it returns"]
pub struct Commit<T> {
    pub(crate) end: End,
    pub(crate) value: T,
}

#[derive(Debug)]
pub(crate) enum End {
    Audited(Vec<AuditEvent>),
    Quiet(QuietReason),
    Unchanged,
}

impl<T> Commit<T> {
    /// Commits with one entry in the unit's log.
    pub fn audited(event: AuditEvent, value: T) -> Self {
        Self { end: End::Audited(vec![event]), value }
    }

    /// Commits with several entries, in this order. An empty list is refused at run time like
    /// [`Self::unchanged`] after a write.
    pub fn audited_all(events: Vec<AuditEvent>, value: T) -> Self {
        Self { end: End::Audited(events), value }
    }

    /// Commits without an entry, for one of the listed reasons.
    pub const fn quiet(reason: QuietReason, value: T) -> Self {
        Self { end: End::Quiet(reason), value }
    }

    /// Ends a transaction that wrote nothing. When it did write, it is rolled back and the call
    /// fails with [`crate::StoreError::Defect`].
    pub const fn unchanged(value: T) -> Self {
        Self { end: End::Unchanged, value }
    }
}

/// What a write call gives back once the commit is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed<T> {
    /// What the closure answered.
    pub value: T,
    /// The audit entries written with it, for receipts.
    pub entries: Vec<EntryRef>,
}

impl<T> Committed<T> {
    /// The same commit with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Committed<U> {
        Committed { value: change(self.value), entries: self.entries }
    }
}

/// One audit entry that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef {
    /// Its id.
    pub entry: EntryId,
    /// The log it belongs to.
    pub stream: Stream,
    /// Its RFC 6962 leaf hash.
    pub hash: [u8; 32],
    /// When it was written.
    pub at: TimeMs,
    /// The unit whose log it is in.
    pub unit: Unit,
    /// What was done.
    pub verb: Verb,
    /// The session it was done in, if a person did it.
    pub session: Option<SessionId>,
}

macro_rules! quiet_reasons {
    ($($(#[$doc:meta])* $variant:ident = $why:literal,)+) => {
        /// Why a transaction may write without an audit entry. A closed list; its golden file only
        /// shrinks without a review.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum QuietReason {
            $($(#[$doc])* $variant,)+
        }

        impl QuietReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason in words.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)+ }
            }
        }
    };
}

quiet_reasons! {
    /// The log's own tree.
    Sequencing = "the sequencer moves entries into the tree; an entry about that would never end",
    /// The log of checkpoints.
    Publishing = "checkpoints go into the log of checkpoints; an entry would make another one",
    /// What is dropped behind a boundary.
    Retention = "entries are dropped up to a boundary, and the boundary has the entry",
    /// Personal values on their way out.
    Erasing = "personal values are erased one after another; the order has its entry",
    /// What witnesses answered.
    Cosigned = "a witness's answer is kept beside the checkpoint it is about, and changes none",
    /// A record sealed again.
    SealedAgain = "the same value under another key; the rotation has entries of its own",
    /// When something was last used.
    LastUsed = "a time of last use; the use itself has its entry, or is a read",
    /// Wrong guesses.
    GuessCounted = "a code or password is counted before it is judged; a refusal is logged apart",
    /// A refreshed session.
    SessionRefreshed = "a refresh changes no right; sign-in, sign-out and replay have entries",
    /// A session that moves on.
    SessionMoved = "tokens of before end soon after a sensitive act, which has the entry",
    /// Pointers from the platform to a tenant.
    Hint = "a control row that points to a tenant's own row, which has the entry",
    /// Steps of a job.
    JobStep = "a job's lease and tries; what the job does has entries of its own",
    /// Steps of sending a message.
    NoticeStep = "a message's lease, tries and outcome; what it tells about has its entry",
    /// Steps of a stream of the log.
    StreamStep = "how far a receiver took the log; an entry about that would be sent as well",
    /// Rows past their end.
    Expired = "rows that ended by the passing of time are swept",
    /// A kept answer.
    IdempotentAnswer = "an answer is kept for the request's repetition; the request has its entry",
    /// A step on the way to an identity provider and back.
    SsoStep = "a way to an identity provider and back; where it ends has the entry",
    /// The first steps of somebody who has no account yet.
    EnrolmentStep = "an enrolment that waits for its confirmation, which has the entry",
    /// A challenge for an authenticator.
    Challenge = "a challenge opens nothing by itself; what is proved with it has its entry",
    /// What a person calls a thing of their own.
    OwnLabel = "a label that its person alone sees, and that changes no right",
    /// Installation.
    Installation = "rows made by the program itself when it is installed",
}

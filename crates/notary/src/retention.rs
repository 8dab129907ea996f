//! Drops what is past its time from security logs, at boundaries that the logs themselves record.
//!
//! Always true
//! 1. First the entry that names the boundary, then its place in the signed tree, then the drop.
//!    Killed anywhere in between, the next step goes on from what is stored.
//! 2. A log is dropped from its beginning, entry by entry, up to the first one that is too young.
//!    Time is judged here by the platform's clock, and by the database's own when it drops.
//! 3. While a hold stands, nothing is dropped: the step ends there, for the whole log.
//! 4. What was not yet copied into workspaces' logs, or not yet published, is not dropped.
//!
//! Never: the workspace's log. There is no path to it.

use std::future::Future;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use broker::Broker;
use data_encoding::{BASE64, HEXLOWER};
use domain::limits::{
    DROPPED_AT_ONCE_MAX, DROPPED_PER_BOUNDARY_MAX, RETENTION_EVERY_MS, SECURITY_LOG_DAYS,
};
use domain::{RequestId, TimeMs};
use ledger::boundary::BOUNDARY_ACTOR;
use ledger::export::export_line;
use ledger::{Boundary, EntryView, PruneStatement, Stream, Verb};
use store::{AuditTx, Caller, Commit, QuietReason, Store, StoreError, Unit, epoch_at};

use crate::export::exported;
use crate::nodes::StoredNodes;
use crate::{NotaryError, sequence};

/// For how many days security logs are kept: [`SECURITY_LOG_DAYS`] or longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptDays(u32);

impl KeptDays {
    /// The promised time.
    pub const PROMISED: Self = Self(SECURITY_LOG_DAYS);

    /// A longer time. `None` when it is shorter than what is promised.
    #[must_use]
    pub fn at_least(days: u32) -> Option<Self> {
        (days >= SECURITY_LOG_DAYS).then_some(Self(days))
    }

    /// The number of days.
    #[must_use]
    pub const fn days(self) -> u32 {
        self.0
    }

    fn ms(self) -> i64 {
        i64::from(self.0) * 24 * 3_600 * 1_000
    }
}

/// What one step did for one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retained {
    /// A hold stands; nothing was looked at.
    Held,
    /// Nothing is past its time.
    Nothing,
    /// Entries before this index are dropped, and this many of them just now.
    Dropped {
        /// The first index that is kept.
        first_index: u64,
        /// How many were dropped.
        entries: u64,
    },
}

/// Drops what is past its time from one unit's security log: at most [`DROPPED_PER_BOUNDARY_MAX`]
/// entries, behind one boundary.
///
/// # Errors
/// [`NotaryError::Raced`]: somebody else is at it, or the database's clock is behind.
/// [`NotaryError::Damaged`]: the stored log does not add up, and is left as it is.
/// [`NotaryError::Broker`], [`NotaryError::Store`].
pub async fn retain(
    store: &Store,
    broker: &Broker,
    unit: Unit,
    kept: KeptDays,
) -> Result<Retained, NotaryError> {
    let now = store.mint().now();
    let copied = copied_until(store, unit).await?;
    let look = store.unit_read(unit, move |tx| Look::at(tx, now, kept, copied)).await?;
    let mut dropped = look.dropped;
    let boundary = match look.found {
        Found::Held => return Ok(Retained::Held),
        Found::Nothing => return Ok(Retained::Nothing),
        Found::Unfinished(first_index) => first_index,
        Found::Due(due) => {
            record(store, unit, &due).await?;
            due.boundary.first_index()
        }
    };
    sequence_all(store, broker, unit).await?;
    let from = dropped;
    while dropped < boundary {
        dropped = boundary.min(dropped.saturating_add(DROPPED_AT_ONCE_MAX));
        drop_until(store, unit, dropped).await?;
    }
    Ok(Retained::Dropped { first_index: boundary, entries: boundary.saturating_sub(from) })
}

/// Goes over every unit's security log again and again until `stop` is ready.
pub async fn retain_all(
    store: Store,
    broker: Broker,
    kept: KeptDays,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut rounds = tokio::time::interval(Duration::from_millis(RETENTION_EVERY_MS));
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = rounds.tick() => {}
        }
        tokio::select! {
            () = &mut stop => return,
            () = round(&store, &broker, kept) => {}
        }
    }
}

/// A log that fails is passed over; the others go on, and the next round tries again.
async fn round(store: &Store, broker: &Broker, kept: KeptDays) {
    let units = match store.units().await {
        Ok(units) => units,
        Err(error) => {
            tracing::warn!(%error, "units could not be listed for retention");
            return;
        }
    };
    for unit in units {
        loop {
            match retain(store, broker, unit, kept).await {
                Ok(Retained::Dropped { first_index, entries }) => {
                    tracing::info!(?unit, first_index, entries, "entries past their time dropped");
                    if entries < DROPPED_PER_BOUNDARY_MAX {
                        break;
                    }
                }
                Ok(Retained::Held | Retained::Nothing) | Err(NotaryError::Raced) => break,
                Err(error) => {
                    tracing::warn!(?unit, %error, "a security log could not be looked after");
                    break;
                }
            }
        }
    }
}

/// Up to where a unit's security log was copied elsewhere: the platform's into workspaces' logs.
async fn copied_until(store: &Store, unit: Unit) -> Result<u64, StoreError> {
    match unit {
        Unit::Tenant(_) => Ok(u64::MAX),
        Unit::Platform => store.platform_read(|tx| tx.account_events().next_index()).await,
    }
}

struct Look {
    dropped: u64,
    found: Found,
}

enum Found {
    Held,
    Nothing,
    /// A boundary stands, and not everything behind it is dropped.
    Unfinished(u64),
    Due(Due),
}

/// A boundary to be recorded, and what its entry says.
struct Due {
    boundary: Boundary,
    statement: PruneStatement,
}

impl Look {
    fn at(
        tx: &mut AuditTx<'_>,
        now: TimeMs,
        kept: KeptDays,
        copied: u64,
    ) -> Result<Self, NotaryError> {
        let dropped = tx.retention().dropped_until()?;
        if tx.retention().holds_standing()? > 0 {
            return Ok(Self { dropped, found: Found::Held });
        }
        let last = tx.retention().boundary()?.map(|(boundary, at)| (boundary.first_index(), at));
        if let Some((first_index, _)) = last.filter(|(first_index, _)| *first_index > dropped) {
            return Ok(Self { dropped, found: Found::Unfinished(first_index) });
        }
        let published = tx.openings().newest(Stream::Security, 1)?;
        let published = published.first().map_or(u64::MAX, |opening| opening.size);
        let limit = copied.min(published);
        let seen = Old::read(tx, dropped, limit, now.plus_ms(kept.ms().saturating_neg()))?;
        let found = match seen.filter(|old| old.worth_it) {
            None => Found::Nothing,
            Some(old) => Found::Due(old.due(tx, kept)?),
        };
        Ok(Self { dropped, found })
    }
}

/// The entries at a log's beginning that are past their time.
struct Old {
    from: u64,
    until: u64,
    newest: TimeMs,
    digest: Context,
    /// Whether anything but entries about boundaries is among them: those alone would make one more
    /// such entry for ever.
    worth_it: bool,
}

impl Old {
    fn read(
        tx: &mut AuditTx<'_>,
        from: u64,
        limit: u64,
        cutoff: TimeMs,
    ) -> Result<Option<Self>, NotaryError> {
        let mut old = Self {
            from,
            until: from,
            newest: TimeMs(i64::MIN),
            digest: Context::new(&SHA256),
            worth_it: false,
        };
        let limit = limit.min(from.saturating_add(DROPPED_PER_BOUNDARY_MAX));
        while old.until < limit {
            let part = tx.audit().range(Stream::Security, old.until, PART)?;
            let before = old.until;
            for entry in part {
                let in_order = entry.index == Some(old.until);
                if !in_order || old.until >= limit || entry.at > cutoff {
                    return Ok(old.some());
                }
                let about = EntryView::read(&entry.body).ok().map(|view| view.verb);
                old.worth_it |= about.as_deref() != Some(Verb::SecurityLogPruned.as_str());
                old.newest = old.newest.max(entry.at);
                if let Some(mut line) = exported(entry) {
                    line.personal.clear();
                    line.erased.clear();
                    old.digest.update(export_line(&line)?.as_bytes());
                }
                old.until += 1;
            }
            if old.until == before {
                break;
            }
        }
        Ok(old.some())
    }

    fn some(self) -> Option<Self> {
        (self.until > self.from).then_some(self)
    }

    fn due(self, tx: &mut AuditTx<'_>, kept: KeptDays) -> Result<Due, NotaryError> {
        let edge = StoredNodes::new(&mut tx.audit(), Stream::Security).frontier(self.until)?;
        let epochs = tx.epochs().list(Stream::Security)?;
        let epoch = epoch_at(&epochs, self.until);
        let boundary = Boundary::new(self.until, edge.peaks().to_vec(), epoch);
        let boundary = boundary.ok_or(StoreError::Defect("a boundary before every entry"))?;
        let statement = PruneStatement {
            first_index: self.until,
            from: self.from,
            count: self.until - self.from,
            root: BASE64.encode(&boundary.root()),
            epoch: epoch.0,
            newest_at_ms: self.newest.0,
            kept_days: kept.0,
            export_sha256: HEXLOWER.encode(self.digest.finish().as_ref()),
        };
        Ok(Due { boundary, statement })
    }
}

/// Entries read at once.
const PART: u32 = 256;

fn caller(store: &Store) -> Caller {
    Caller::system(BOUNDARY_ACTOR, store.mint().id::<RequestId>())
}

/// Writes the boundary and the entry that names it, in one transaction.
async fn record(store: &Store, unit: Unit, due: &Due) -> Result<(), NotaryError> {
    let (boundary, event) = (due.boundary.clone(), due.statement.event());
    let from = due.statement.from;
    let recorded = store
        .unit_write::<(), NotaryError>(unit, &caller(store), move |tx| {
            // A hold that was placed meanwhile wins, and so does another who records.
            let last = tx.retention().boundary()?.map_or(0, |(last, _)| last.first_index());
            if tx.retention().holds_standing()? > 0 || last != from {
                return Err(NotaryError::Raced);
            }
            tx.retention().set_boundary(&boundary).map_err(raced)?;
            Ok(Commit::audited(event, ()))
        })
        .await;
    recorded.map(drop)
}

/// The boundary's entry gets its place; without it the database drops nothing.
async fn sequence_all(store: &Store, broker: &Broker, unit: Unit) -> Result<(), NotaryError> {
    while sequence(store, broker, unit, Stream::Security).await?.more {}
    Ok(())
}

async fn drop_until(store: &Store, unit: Unit, index: u64) -> Result<(), NotaryError> {
    let dropped = store
        .unit_write::<(), NotaryError>(unit, &caller(store), move |tx| {
            if tx.retention().holds_standing()? > 0 {
                return Err(NotaryError::Raced);
            }
            tx.retention().drop_until(index).map_err(raced)?;
            Ok(Commit::quiet(QuietReason::Retention, ()))
        })
        .await;
    dropped.map(drop)
}

fn raced(error: StoreError) -> NotaryError {
    match error {
        StoreError::Conflict => NotaryError::Raced,
        other => other.into(),
    }
}

//! The worker that sends: turns over every workspace that has streams.
//!
//! Always true
//! 1. A workspace has one turn at a time, within which at most
//!    [`limits::STREAMS_AT_ONCE_PER_WORKSPACE`] of its streams send: a receiver that hangs delays
//!    its own workspace and nobody else's.
//! 2. A stream sends at most [`limits::STREAM_BATCHES_PER_TURN`] batches in a turn, which bounds
//!    what a receiver gets in a second.
//! 3. Turns begin after the workspace that was last served, so that nobody is passed over.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Exposed};
use domain::{AuditStreamId, RequestId, TenantId, limits};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered};
use outbound::http::HttpClient;
use store::{Caller, Refusal, Store, StoreError, Unit};
use tokio::time::{Instant, MissedTickBehavior};

use super::batch;
use super::deliver::{Tried, deliver};
use super::secrets::Held;
use crate::NotaryError;

/// How often workspaces with streams are looked at.
const TURN_EVERY: Duration = Duration::from_millis(500);
/// How often every workspace is asked whether it has streams.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// What sends.
#[derive(Clone)]
pub struct Sender {
    pub(super) store: Store,
    pub(super) broker: Broker,
    pub(super) client: HttpClient,
    /// What this installation calls itself to syslog receivers.
    pub(super) host: Arc<str>,
    held: Arc<Held>,
}

/// What a turn did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Entries that receivers took.
    pub taken: u64,
    /// Tries that failed.
    pub failed: u64,
}

impl Sender {
    /// A sender of this store's logs, over this door.
    #[must_use]
    pub fn new(store: Store, broker: Broker, client: HttpClient, host: &str) -> Self {
        Self { store, broker, client, host: host.into(), held: Arc::default() }
    }

    pub(super) fn caller(&self) -> Caller {
        Caller::system("streams", self.store.mint().id::<RequestId>())
    }

    /// A stream's secrets in use, newest first; none where it has none.
    pub(super) async fn secrets(
        &self,
        tenant: TenantId,
        id: AuditStreamId,
    ) -> Result<Arc<Vec<Exposed>>, NotaryError> {
        let sealed = self
            .store
            .unit_read::<_, NotaryError>(Unit::Tenant(tenant), move |tx| {
                Ok(tx.streams().secrets(id)?)
            })
            .await?;
        let opened = self.held.get((&self.store, &self.broker), (tenant, id), sealed).await;
        Ok(opened?)
    }

    /// Sends until `stop` is ready. What is under way then is dropped: its lease ends, and the next
    /// worker repeats it.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut ticks = tokio::time::interval(TURN_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turns = Turns::default();
        loop {
            tokio::select! {
                () = &mut stop => return,
                Some(tenant) = turns.underway.next(), if !turns.underway.is_empty() => {
                    turns.busy.remove(&tenant);
                }
                _ = ticks.tick() => {
                    turns.refresh(&self).await;
                    turns.begin(&self);
                }
            }
        }
    }

    /// One turn of every workspace, to its end. For tests and for a caller that cannot wait.
    ///
    /// # Errors
    /// The store's.
    pub async fn round(&self) -> Result<Sent, NotaryError> {
        let mut all = Sent::default();
        for tenant in self.workspaces().await? {
            let sent = self.turn(tenant).await?;
            all = Sent { taken: all.taken + sent.taken, failed: all.failed + sent.failed };
        }
        Ok(all)
    }

    /// Workspaces that have streams.
    async fn workspaces(&self) -> Result<BTreeSet<TenantId>, NotaryError> {
        let mut found = BTreeSet::new();
        for unit in self.store.units().await? {
            let Unit::Tenant(tenant) = unit else { continue };
            let has = self
                .store
                .unit_read::<_, NotaryError>(unit, |tx| Ok(!tx.streams().list()?.is_empty()));
            match has.await {
                Ok(true) => drop(found.insert(tenant)),
                Ok(false) | Err(NotaryError::Store(StoreError::Refused(Refusal::NoUnit))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// One turn of a workspace: its streams that are due, a few at once.
    async fn turn(&self, tenant: TenantId) -> Result<Sent, NotaryError> {
        let due = batch::due(self, tenant).await?;
        let work = stream::iter(due).map(|id| async move {
            let sent = self.turn_of(tenant, id).await;
            if let Err(error) = &sent {
                tracing::warn!(%tenant, stream = %id, %error, "a stream waits");
            }
            sent.unwrap_or_default()
        });
        let work = work.buffer_unordered(limits::STREAMS_AT_ONCE_PER_WORKSPACE);
        let add = |all: Sent, one: Sent| async move {
            Sent { taken: all.taken + one.taken, failed: all.failed + one.failed }
        };
        Ok(work.fold(Sent::default(), add).await)
    }

    async fn turn_of(&self, tenant: TenantId, id: AuditStreamId) -> Result<Sent, NotaryError> {
        let mut sent = Sent::default();
        for _ in 0..limits::STREAM_BATCHES_PER_TURN {
            match deliver(self, tenant, id).await? {
                Tried::Taken(count) => sent.taken += count,
                Tried::Nothing => break,
                Tried::Failed => {
                    sent.failed += 1;
                    break;
                }
            }
        }
        Ok(sent)
    }
}

/// Turns that are under way, and whose is next.
#[derive(Default)]
struct Turns {
    known: BTreeSet<TenantId>,
    swept: Option<Instant>,
    busy: BTreeSet<TenantId>,
    last: Option<TenantId>,
    underway: FuturesUnordered<BoxFuture<'static, TenantId>>,
}

impl Turns {
    async fn refresh(&mut self, sender: &Sender) {
        if self.swept.is_some_and(|at| at.elapsed() < SWEEP_EVERY) {
            return;
        }
        match sender.workspaces().await {
            Ok(known) => self.known = known,
            Err(error) => tracing::warn!(%error, "workspaces could not be listed for streams"),
        }
        self.swept = Some(Instant::now());
    }

    fn begin(&mut self, sender: &Sender) {
        let next: Vec<TenantId> = match self.last {
            Some(last) => {
                let after = self.known.range((Excluded(last), Unbounded));
                after.chain(self.known.range((Unbounded, Included(last)))).copied().collect()
            }
            None => self.known.iter().copied().collect(),
        };
        for tenant in next {
            if self.busy.len() >= limits::STREAM_WORKSPACES_AT_ONCE {
                return;
            }
            if !self.busy.insert(tenant) {
                continue;
            }
            self.last = Some(tenant);
            let sender = sender.clone();
            self.underway.push(Box::pin(async move {
                if let Err(error) = sender.turn(tenant).await {
                    tracing::warn!(%tenant, %error, "a workspace's streams wait");
                }
                tenant
            }));
        }
    }
}

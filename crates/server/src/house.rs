//! What every handler works with: one value per process, cheap to clone.

use std::sync::Arc;

use domain::{Mint, Origin};
use http::HeaderValue;
use identity::Identity;
use notary::Touched;
use store::{Committed, EntryRef, Store};
use tokio_util::task::TaskTracker;

use crate::config::SecurityConfig;
use crate::extract::idempotency::Made;
use crate::frame::Frame;
use crate::metrics::Metrics;
use crate::problem::{Code, Problem};
use crate::rate::{Limiter, RateKey};
use crate::reply::{Empty, Reply};

/// The parts that handlers share.
pub struct Parts {
    /// Sign-in, sessions, and through it the store and the broker.
    pub identity: Identity,
    /// Rates.
    pub limiter: Limiter,
    /// Whom to tell about a weakness.
    pub security: SecurityConfig,
}

/// A handle to the shared parts.
#[derive(Clone)]
pub struct House(Arc<Inner>);

struct Inner {
    parts: Parts,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    touched: Touched,
}

impl House {
    /// Shares these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            metrics: Arc::default(),
            tasks: TaskTracker::new(),
            touched: Touched::default(),
        }))
    }

    /// Sign-in, sessions, tokens.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.parts.identity
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.identity().store()
    }

    /// The broker.
    #[must_use]
    pub fn broker(&self) -> &broker::Broker {
        self.identity().broker()
    }

    /// Time and ids.
    #[must_use]
    pub fn mint(&self) -> &Mint {
        self.store().mint()
    }

    /// Counters.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// Work that goes on when its client goes away; a stop waits for it.
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Logs that have entries waiting for their index.
    #[must_use]
    pub fn touched(&self) -> &Touched {
        &self.0.touched
    }

    /// Whom to tell about a weakness.
    #[must_use]
    pub fn security(&self) -> &SecurityConfig {
        &self.0.parts.security
    }

    /// The answer of a use case, with the receipts of its entries.
    pub async fn answer<const STATUS: u16, T, S>(
        &self,
        done: Committed<T>,
        show: impl FnOnce(T) -> S,
    ) -> Reply<STATUS, S> {
        let receipts = self.receipts(&done.entries).await;
        Reply::new(show(done.value)).receipts(receipts)
    }

    /// What a create gives, with the receipts of its entries.
    pub async fn made<T, S>(&self, done: Committed<T>, show: impl FnOnce(T) -> S) -> Made<S> {
        let receipts = self.receipts(&done.entries).await;
        Made { body: show(done.value), receipts }
    }

    /// The answer of a use case that has nothing to show.
    pub async fn done<T>(&self, done: Committed<T>) -> Empty {
        Empty::receipts(self.receipts(&done.entries).await)
    }

    /// The receipts of these entries; a session that did something sensitive moves on. The act is
    /// done and logged whatever happens here: when the broker cannot sign, the answer goes without
    /// receipts, and the entries are in the log all the same.
    pub(crate) async fn receipts(&self, entries: &[EntryRef]) -> Option<HeaderValue> {
        if entries.is_empty() {
            return None;
        }
        if let Err(error) = identity::sessions::move_on(self.identity(), entries).await {
            tracing::warn!(%error, "a session keeps its tokens after a sensitive act");
        }
        match notary::receipts(self.store(), self.broker(), self.touched(), entries).await {
            Ok(receipts) => HeaderValue::from_str(&receipts.join(",")).ok(),
            Err(error) => {
                tracing::warn!(%error, "an answer goes without its receipts");
                None
            }
        }
    }

    /// Takes one request out of a bucket; the answer will show what is left of it.
    ///
    /// # Errors
    /// `rate.limited`, with the time after which to come again.
    pub fn charge(&self, frame: &Frame, key: RateKey) -> Result<(), Problem> {
        match self.0.parts.limiter.charge(key, self.mint().now()) {
            Ok(rate) => {
                frame.charge(rate);
                Ok(())
            }
            Err(exceeded) => {
                frame.charge(exceeded.rate);
                Err(Problem::new(Code::RateLimited).retry_after_ms(exceeded.retry_ms))
            }
        }
    }
}

/// Where a request came from, for use cases that judge it (throttling) or log it.
impl axum::extract::FromRequestParts<House> for Client {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        _house: &House,
    ) -> Result<Self, Problem> {
        let frame = parts.extensions.get::<Arc<Frame>>();
        frame
            .map(|frame| Self { origin: frame.origin.clone() })
            .ok_or_else(|| Problem::internal(&"a request outside of its frame"))
    }
}

/// Whoever sent a request, before or without a credential.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where the request came from.
    pub origin: Origin,
}

//! What every handler works with: one value per process, cheap to clone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{Mint, Origin};
use http::HeaderValue;
use identity::Identity;
use notary::streams::Sender;
use notary::{NotaryError, Touched};
use outbound::http::HttpClient;
use store::{Committed, EntryRef, Store};
use tokio_util::task::TaskTracker;

use crate::config::SecurityConfig;
use crate::extract::idempotency::Made;
use crate::frame::Frame;
use crate::metrics::Metrics;
use crate::problem::{Code, Problem};
use crate::rate::{Limiter, RateKey};
use crate::reply::{Empty, Reply};

/// Pauses between the tries to have a receipt signed.
const RECEIPT_PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(1_000)];
/// No further try begins after this: whoever waits wants to know that the act is done.
const RECEIPTS_WITHIN: Duration = Duration::from_secs(2);

/// The parts that handlers share.
pub struct Parts {
    /// Sign-in, sessions, and through it the store and the broker.
    pub identity: Identity,
    /// Rates.
    pub limiter: Limiter,
    /// Whom to tell about a weakness.
    pub security: SecurityConfig,
    /// The door outward for streams of logs.
    pub client: HttpClient,
}

/// The addresses under which clients know this server: scheme, host and port, without a slash at
/// the end.
#[derive(Debug, Clone, Default)]
pub struct Addresses(Vec<String>);

impl Addresses {
    /// The configured address, and those of this machine on the port listened on.
    #[must_use]
    pub fn of(public: Option<&url::Url>, port: Option<u16>) -> Self {
        let public = public.map(|url| url.as_str().trim_end_matches('/').to_owned());
        let here = port.into_iter().flat_map(|port| {
            ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("https://{host}:{port}"))
        });
        Self(public.into_iter().chain(here).collect())
    }

    /// Whether an origin as a browser names it is this server's own.
    #[must_use]
    pub fn holds(&self, origin: &str) -> bool {
        self.0.iter().any(|own| own == origin)
    }

    /// Where this path is, under each of them.
    #[must_use]
    pub fn urls(&self, path: &str) -> Vec<String> {
        self.0.iter().map(|own| format!("{own}{path}")).collect()
    }

    /// The host's name in the one that people are told.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.first().split_once("://").map_or("", |(_, rest)| rest);
        host.split(['/', ':']).next().unwrap_or_default()
    }

    /// The one that people are told.
    #[must_use]
    pub fn first(&self) -> &str {
        self.0.first().map_or("https://localhost", String::as_str)
    }
}

/// A handle to the shared parts.
#[derive(Clone)]
pub struct House(Arc<Inner>);

struct Inner {
    parts: Parts,
    addresses: Addresses,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    touched: Touched,
    sender: Sender,
}

impl House {
    /// Shares these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let own = vec![parts.identity.issuer().to_owned()];
        Self::known_as(parts, Addresses(own))
    }

    /// Shares these parts, in a server that clients know under these addresses.
    #[must_use]
    pub fn known_as(parts: Parts, addresses: Addresses) -> Self {
        let (store, broker) = (parts.identity.store().clone(), parts.identity.broker().clone());
        let sender = Sender::new(store, broker, parts.client.clone(), addresses.host());
        Self(Arc::new(Inner {
            sender,
            parts,
            addresses,
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

    /// The addresses under which clients know this server.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.0.addresses
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

    /// What sends logs to receivers of the workspaces' own.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.0.sender
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
        match self.signed(entries).await {
            Ok(receipts) => HeaderValue::from_str(&receipts.join(",")).ok(),
            Err(error) => {
                tracing::warn!(%error, "an answer goes without its receipts");
                None
            }
        }
    }

    /// Asks the broker for the receipts; again, and then once more, when it is away for a moment:
    /// a supervisor starts it anew within that time.
    async fn signed(&self, entries: &[EntryRef]) -> Result<Vec<String>, NotaryError> {
        let ask = || notary::receipts(self.store(), self.broker(), self.touched(), entries);
        let began = Instant::now();
        for pause in RECEIPT_PAUSES {
            match ask().await {
                Err(_) if began.elapsed() + pause < RECEIPTS_WITHIN => {
                    tokio::time::sleep(pause).await;
                }
                answer => return answer,
            }
        }
        ask().await
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

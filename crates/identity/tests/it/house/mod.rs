//! Two workspaces, `ours` and `theirs`, each with one member of each rank; everybody has a
//! password, an authenticator and backup codes.

mod authenticator;
mod grounds;
mod holder;
mod people;
mod places;
mod sink;
mod teams;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use broker::Broker;
use domain::{Clock, EmailAddress, Entropy, Mint, Name, Origin, TimeMs, UserAgent};
use identity::passkeys::HardwareRoots;
use identity::passwords::{Cost, PoolSize};
use identity::sessions::SessionTokens;
use identity::{AuthRefused, Identity, IdentityConfig, authenticate};
use ledger::Verb;
use serde_json::Value;
use store::{EntryFilter, LoggedEntry, Page, Store};
use tokio::task::JoinSet;

pub(crate) use authenticator::{Authenticator, Vendor, vendor};
pub(crate) use grounds::Ground;
pub(crate) use holder::{HolderKey, presents};
pub(crate) use people::{PASSWORD, Person, code_of, seed_of};
pub(crate) use places::database;
pub(crate) use sink::{Mode, Sink, link_and_code};
pub(crate) use teams::Team;

/// A clock that stands still until it is moved.
pub(crate) struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> TimeMs {
        TimeMs(self.0.load(Ordering::SeqCst))
    }
}

struct Random;

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

/// One installation with everybody in it.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) identity: Arc<Identity>,
    pub(crate) ours: Team,
    pub(crate) theirs: Team,
    clock: Arc<MovedClock>,
    /// Reads revocations as the server does, until the house goes.
    _watch: JoinSet<()>,
    _ground: Ground,
}

/// Runs a test on every engine there is.
pub(crate) async fn each_engine(test: impl AsyncFn(&House)) {
    for ground in Ground::all() {
        let house = House::open(ground).await;
        test(&house).await;
    }
}

impl House {
    async fn open(ground: Ground) -> Self {
        let clock = Arc::new(MovedClock(AtomicI64::new(1_790_000_000_000)));
        let mint = Mint::new(clock.clone(), Arc::new(Random));
        let store = ground.store(mint).await;
        let broker = ground.broker(store.instance(), clock.clone()).await;
        let identity = Arc::new(start(&store, &broker).await);
        let mut watch = JoinSet::new();
        let watcher = Arc::clone(&identity);
        watch.spawn(async move { watcher.watch_revocations().await });
        let ours = Team::found(&store, &broker, "ours").await;
        let theirs = Team::found(&store, &broker, "theirs").await;
        Self { store, broker, identity, ours, theirs, clock, _watch: watch, _ground: ground }
    }

    /// A second process over the same store and broker, which does not watch revocations yet.
    pub(crate) async fn replica(&self) -> Identity {
        start(&self.store, &self.broker).await
    }

    /// The same with another password pool.
    pub(crate) async fn replica_with(&self, pool: PoolSize, cost: Cost) -> Identity {
        let config = IdentityConfig { pool, cost, ..config() };
        Identity::start(self.store.clone(), self.broker.clone(), config).await.unwrap()
    }

    /// How long until these tokens are refused because their session ended or rose.
    pub(crate) async fn refused_after(&self, tokens: &SessionTokens) -> Duration {
        let began = Instant::now();
        loop {
            let token = tokens.access_token.show();
            match authenticate(&self.identity, token, self.origin()).await {
                Err(AuthRefused::Revoked) => return began.elapsed(),
                _ if began.elapsed() > Duration::from_secs(10) => panic!("they are never refused"),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// Moves the one clock of store, broker and identity.
    pub(crate) fn advance(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> TimeMs {
        self.clock.now()
    }

    /// A factor given just now.
    pub(crate) fn fresh(&self) -> Option<TimeMs> {
        Some(self.now())
    }

    pub(crate) fn origin(&self) -> Origin {
        origin(&self.store, 7)
    }

    /// A request from another network than every other `n`.
    pub(crate) fn origin_from(&self, n: u8) -> Origin {
        let ip = Some(IpAddr::from([198, 51, n, 7]));
        Origin { ip, ..self.origin() }
    }

    /// What the platform's log says under this verb, oldest first.
    pub(crate) async fn platform_log(&self, verb: Verb) -> Vec<Value> {
        let filter = EntryFilter { verb: Some(verb), ..EntryFilter::default() };
        let listing = self
            .store
            .platform_read(move |tx| tx.audit().list(&filter, Page::first(200)))
            .await
            .unwrap();
        listing
            .items
            .iter()
            .rev()
            .map(|entry| serde_json::from_slice(&entry.body).unwrap())
            .collect()
    }

    /// The platform's entries under this verb, oldest first.
    pub(crate) async fn platform_entries(&self, verb: Verb) -> Vec<LoggedEntry> {
        let filter = EntryFilter { verb: Some(verb), ..EntryFilter::default() };
        let listing =
            self.store.platform_read(move |tx| tx.audit().list(&filter, Page::first(200))).await;
        let mut entries = listing.unwrap().items;
        entries.reverse();
        entries
    }

    /// What our workspace's log says under this verb, oldest first.
    pub(crate) async fn our_log(&self, verb: Verb) -> Vec<Value> {
        let filter = EntryFilter { verb: Some(verb), ..EntryFilter::default() };
        let scope = self.ours.owner.scope(self.ours.id);
        let listing = self
            .store
            .read(&scope, move |tx| tx.audit().list(&filter, Page::first(200)))
            .await
            .unwrap();
        listing
            .items
            .iter()
            .rev()
            .map(|entry| serde_json::from_slice(&entry.body).unwrap())
            .collect()
    }
}

async fn start(store: &Store, broker: &Broker) -> Identity {
    let started = Identity::start(store.clone(), broker.clone(), config()).await.unwrap();
    started.with_hardware_roots(HardwareRoots::read(&vendor().root, &[]).unwrap())
}

/// What the house trusts to tell hardware, as the host's commands read it.
pub(crate) fn roots() -> Arc<HardwareRoots> {
    Arc::new(HardwareRoots::read(&vendor().root, &[]).unwrap())
}

fn config() -> IdentityConfig {
    IdentityConfig {
        issuer: "https://casemate.example".to_owned(),
        origin: "https://casemate.example".parse().unwrap(),
        audience: "casemate".to_owned(),
        pool: PoolSize { at_once: 2, waiting_max: 500 },
        cost: Cost::LEAST,
    }
}

pub(crate) fn origin(store: &Store, last: u8) -> Origin {
    Origin {
        request: store.mint().id(),
        ip: Some(IpAddr::from([192, 0, 2, last])),
        user_agent: Some(UserAgent::parse("tests/1").unwrap()),
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

//! Two workspaces, `acme` and `rival`, each with an owner, an admin, an operator, a viewer, a guest
//! and a key without scopes; all of them made once through the API itself, and copied for each
//! test.

mod answer;
#[path = "../../../../identity/tests/it/house/authenticator.rs"]
mod authenticator;
mod ground;
pub(crate) mod holder;
mod people;
mod postgres;
mod relay;
mod template;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::extract::ConnectInfo;
use domain::sign_in::PlatformProvider;
use domain::{Clock, Entropy, Mint, TimeMs};
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt;
use identity::ShownOnce;
use identity::passkeys::HardwareRoots;
use identity::passwords::{Cost, PoolSize};
use identity::sso::{PlatformSettings, SsoConfig};
use identity::{Identity, IdentityConfig};
use notary::Worker;
use outbound::http::HttpClient;
use outbound::judge::Policy;
use outbound::names::{Names, Zone};
use serde_json::Value;
use server::config::{LimitsConfig, SecurityConfig};
use server::house::Parts;
use server::rate::Limiter;
use store::Store;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tower::ServiceExt;

use ground::Plot;

pub(crate) use answer::Answer;
pub(crate) use authenticator::{Authenticator, vendor};
pub(crate) use ground::Engine;
pub(crate) use holder::HolderKey;
pub(crate) use people::{PASSWORD, Person, code_of};
pub(crate) use relay::Relay;
pub(crate) use template::{Team, Template, registered, registered_key};

/// The moment every test starts at.
const START_MS: i64 = 1_790_000_000_000;

/// A clock that stands still until it is moved.
pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    fn at(ms: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(ms)))
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> TimeMs {
        TimeMs(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Random;

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

/// Rates that no test reaches by accident: raised as a configuration would, for nothing can switch
/// them off.
pub(crate) const WIDE: LimitsConfig = LimitsConfig {
    connections_max: 256,
    anonymous_per_minute: 1_000_000,
    caller_per_minute: 1_000_000,
    network_per_minute: 1_000_000,
};

/// One copy of the template, running.
pub(crate) struct House {
    pub(crate) template: &'static Template,
    pub(crate) house: server::house::House,
    router: Router,
    clock: Arc<MovedClock>,
    /// Reads revocations as the server does, until the house goes.
    _watch: JoinSet<()>,
    _plot: Plot,
    _broker: Option<TempDir>,
}

impl House {
    /// A copy on the broker that all tests share; its clock must not be moved.
    pub(crate) async fn open() -> Self {
        Self::with_limits(WIDE).await
    }

    pub(crate) async fn open_on(engine: Engine) -> Self {
        let template = Template::get(engine).await;
        let clock = MovedClock::at(template.now_ms);
        Self::on(template, (template.ground.broker().await, None), clock, WIDE).await
    }

    pub(crate) async fn with_limits(limits: LimitsConfig) -> Self {
        let template = Template::get(Engine::Sqlite).await;
        let clock = MovedClock::at(template.now_ms);
        Self::on(template, (template.ground.broker().await, None), clock, limits).await
    }

    /// A copy with a broker of its own, so that its clock can be moved.
    pub(crate) async fn alone() -> Self {
        let template = Template::get(Engine::Sqlite).await;
        let clock = MovedClock::at(template.now_ms);
        let (broker, folder) = template.ground.copied_broker(clock.clone()).await;
        Self::on(template, (broker, Some(folder)), clock, WIDE).await
    }

    /// A copy that reaches the shared broker through `relay`.
    pub(crate) async fn behind(relay: &Relay) -> Self {
        let template = Template::get(Engine::Sqlite).await;
        let clock = MovedClock::at(template.now_ms);
        let broker = broker::Broker::connect(&relay.socket()).await.unwrap();
        Self::on(template, (broker, None), clock, WIDE).await
    }

    async fn on(
        template: &'static Template,
        (broker, folder): (broker::Broker, Option<TempDir>),
        clock: Arc<MovedClock>,
        limits: LimitsConfig,
    ) -> Self {
        let mint = Mint::new(clock.clone(), Arc::new(Random));
        let (store, plot) = template.ground.copied_store(mint).await;
        let house = served(store, broker, limits).await;
        let router = server::router::router(house.clone());
        let watch = watching(&house);
        Self { template, house, router, clock, _watch: watch, _plot: plot, _broker: folder }
    }

    pub(crate) fn acme(&self) -> &'static Team {
        &self.template.acme
    }

    pub(crate) fn rival(&self) -> &'static Team {
        &self.template.rival
    }

    /// The router itself, for helpers that ask it.
    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    /// Closes its files; the next house is opened sooner.
    pub(crate) async fn close(self) {
        self.house.store().close().await;
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.clock.advance(ms);
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().0
    }

    /// Sequences every log, as the worker does.
    pub(crate) async fn sequence(&self) {
        sequence(&self.house).await;
    }

    /// Sends a request with this credential and body; the answer is checked against the document.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        credential: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        self.send(request(method, path, credential, body)).await
    }

    pub(crate) async fn send(&self, request: Request<axum::body::Body>) -> Answer {
        sent(&self.router, request).await
    }
}

/// Reads revocations as the server does: without it a slow machine has too old a view of them.
pub(crate) fn watching(house: &server::house::House) -> JoinSet<()> {
    let (mut watch, house) = (JoinSet::new(), house.clone());
    watch.spawn(async move { house.identity().watch_revocations().await });
    watch
}

/// Where the server of most tests is reached, as far as it knows.
pub(crate) const ORIGIN: &str = "https://casemate.example";

/// What a server's house is made of, reached at this origin.
pub(crate) async fn parts(
    store: Store,
    broker: broker::Broker,
    limits: LimitsConfig,
    origin: &str,
) -> Parts {
    answer::foresee();
    let config = IdentityConfig {
        issuer: "https://casemate.example".to_owned(),
        origin: origin.parse().unwrap(),
        audience: "casemate".to_owned(),
        pool: PoolSize { at_once: 2, waiting_max: 64 },
        cost: Cost::LEAST,
    };
    let roots = HardwareRoots::read(&vendor().root, &[]).unwrap();
    let identity = Identity::start(store, broker, config).await.unwrap();
    let identity = identity.with_sso(sso()).with_hardware_roots(roots);
    let security = SecurityConfig {
        contact: Some("mailto:security@casemate.example".to_owned()),
        contact_until: Some("2027-01-31T00:00:00Z".to_owned()),
    };
    let here = Policy::allowing(vec!["127.0.0.0/8".parse().unwrap()]);
    let client = HttpClient::new(here, None).unwrap();
    Parts { identity, limiter: Limiter::new(limits), security, client }
}

/// A house of the server over these parts.
pub(crate) async fn served(
    store: Store,
    broker: broker::Broker,
    limits: LimitsConfig,
) -> server::house::House {
    server::house::House::new(parts(store, broker, limits, ORIGIN).await)
}

/// The same, reached at this origin.
pub(crate) async fn served_at(
    store: Store,
    broker: broker::Broker,
    limits: LimitsConfig,
    origin: &str,
) -> server::house::House {
    server::house::House::new(parts(store, broker, limits, origin).await)
}

/// GitHub, which is asked nothing until somebody comes back from it.
fn sso() -> SsoConfig {
    SsoConfig {
        client: HttpClient::new(Policy::default(), None).unwrap(),
        names: Names::Zone(Zone::default()),
        redirect: "https://casemate.example/sso/callback".to_owned(),
        platform: vec![PlatformSettings {
            provider: PlatformProvider::GitHub,
            client_id: "casemate".to_owned(),
            client_secret: ShownOnce::new("not-a-real-secret".to_owned()),
            tenants: Vec::new(),
            address: None,
        }],
    }
}

pub(crate) async fn sequence(house: &server::house::House) {
    let (store, broker) = (house.store().clone(), house.broker().clone());
    Worker::new(store, broker, house.touched().clone()).sweep().await;
}

pub(crate) fn request(
    method: &str,
    path: &str,
    credential: Option<&str>,
    body: Option<&Value>,
) -> Request<axum::body::Body> {
    let mut builder = Request::builder().method(method).uri(path);
    if let Some(credential) = credential {
        builder = builder.header(header::AUTHORIZATION, format!("Bearer {credential}"));
    }
    match body {
        Some(body) => builder
            .header(header::CONTENT_TYPE, "application/json")
            .body(axum::body::Body::from(body.to_string())),
        None => builder.body(axum::body::Body::empty()),
    }
    .unwrap()
}

pub(crate) async fn sent(router: &Router, mut request: Request<axum::body::Body>) -> Answer {
    let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    let (method, path): (Method, String) =
        (request.method().clone(), request.uri().path().to_owned());
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let headers: HeaderMap = parts.headers;
    let bytes = body.collect().await.unwrap().to_bytes();
    let answer = Answer::new(parts.status, headers, bytes.to_vec());
    answer.check_against_the_document(&method, &path);
    answer
}

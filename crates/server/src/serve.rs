//! From a configuration to a running server, and down again.
//!
//! Always true
//! 1. The crypto provider is installed before anything can make a TLS configuration.
//! 2. The process is confined before its first thread starts; only then are sockets opened.
//! 3. `run/ready.json` is written when everything answers, and removed at a clean end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, BrokerError};
use domain::{Mint, limits};
use identity::guard::{Places, PlacesError};
use identity::passkeys::HardwareRootsError;
use identity::passwords::{Breached, BreachedError, Cost, PoolSize};
use identity::{Identity, IdentityConfig, StartError};
use outbound::mail::{Mailer, SettingsError};
use seal::{SystemClock, SystemEntropy};
use store::{PostgresTarget, Store, StoreConfig, StoreError};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::config::{Config, ConfigError, Engine};
use crate::confine::{self, Confinement, Reach};
use crate::health;
use crate::house::{Addresses, House, Parts};
use crate::listen::{self, Door, Stop, Transport, tls};
use crate::rate::Limiter;
use crate::ready::Ready;
use crate::router;
use crate::witnessing;
use crate::workers::{self, Post};

/// Why the server did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A folder or file of the data folder cannot be used.
    #[error("{path}: {why}")]
    Data {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::ErrorKind,
    },
    /// There is no usable certificate.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// An address cannot be listened on.
    #[error("{address} cannot be listened on: {why}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// The system's reason.
        why: io::ErrorKind,
    },
    /// The store did not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key broker did not answer.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The mail server's settings cannot be used.
    #[error("[mail]: {0}")]
    Mail(#[from] SettingsError),
    /// Sign-in could not start.
    #[error(transparent)]
    SignIn(#[from] StartError),
    /// The file of `passwords.breached_file` is of no use.
    #[error("passwords.breached_file: {0}")]
    Breached(#[from] BreachedError),
    /// The file of `places.country_file` is of no use.
    #[error("places.country_file: {0}")]
    Places(#[from] PlacesError),
    /// The file of `staff.attestation_roots_file`, or a model, is of no use.
    #[error("[staff]: {0}")]
    Staff(#[from] HardwareRootsError),
    /// A file that the configuration names cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The runtime, signals or confinement failed.
    #[error("the system refused what the server needs: {0}")]
    System(io::ErrorKind),
}

/// Health pages are read by this machine's own supervisor and metrics collector.
const HEALTH_CONNECTIONS_MAX: usize = 32;

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::System(error.kind())
    }
}

/// Runs the server until it is asked to stop. Blocks; must be called before the process has other
/// threads.
///
/// # Errors
/// [`ServeError`].
pub fn serve(config: Config) -> Result<(), ServeError> {
    // A second installation, by a test in the same process, changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    prepare(&config)?;
    let acceptor = tls::acceptor(&config.data.tls(), &names(&config))?;
    let confinement = confine::confine(&reach(&config))?;
    match confinement {
        Confinement::Full => tracing::info!("confined to its own files"),
        weaker => tracing::warn!(?weaker, "the kernel does not confine the server fully"),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(run(&config, Transport::Tls(acceptor), Stop::new()));
    // Blocking database calls that were cut off must not hold the process after its drain.
    runtime.shutdown_background();
    outcome
}

/// Makes the folders, and lets the store make and migrate its files, while the data folder can
/// still be written.
fn prepare(config: &Config) -> Result<(), ServeError> {
    for folder in [config.data.folder.clone(), config.data.run()] {
        private_folder(&folder)
            .map_err(|error| ServeError::Data { path: folder, why: error.kind() })?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(store_config(config)?, system_mint()).await?;
        store.close().await;
        Ok(())
    })
}

fn private_folder(folder: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn system_mint() -> Mint {
    Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
}

/// The places that the server keeps: its part of the data folder, and what name resolution and TLS
/// read.
fn reach(config: &Config) -> Reach {
    let data = &config.data;
    let mut read: Vec<PathBuf> =
        ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl"]
            .map(PathBuf::from)
            .to_vec();
    read.extend(
        [&config.files.breached, &config.files.places, &config.staff.attestation_roots]
            .into_iter()
            .flatten()
            .cloned(),
    );
    read.extend(config.broker.socket.parent().map(PathBuf::from));
    if let Engine::Postgres(urls) = &config.database.engine {
        read.extend(urls.root_certificate_file.clone());
    }
    read.extend(config.sso.files());
    let written = vec![data.folder.join("tenants"), data.run()];
    Reach { data: data.folder.clone(), written, read }
}

/// The names a self-signed certificate is made for.
fn names(config: &Config) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let public = config.api.url.as_ref().and_then(|url| url.host_str()).map(str::to_owned);
    names.extend(public);
    names
}

fn store_config(config: &Config) -> Result<StoreConfig, StoreError> {
    match &config.database.engine {
        Engine::Sqlite => Ok(StoreConfig::Sqlite { folder: config.data.folder.clone() }),
        Engine::Postgres(urls) => postgres(urls),
    }
}

fn postgres(urls: &crate::config::PostgresUrls) -> Result<StoreConfig, StoreError> {
    let target = |url: &seal::Exposed| {
        let text = url.expose_text().unwrap_or_default();
        match &urls.root_certificate_file {
            Some(root) => PostgresTarget::tls(text, root.clone()),
            None => PostgresTarget::socket(text),
        }
    };
    Ok(StoreConfig::Postgres {
        runtime: target(&urls.runtime),
        platform: target(&urls.platform),
        pool: usize::try_from(urls.connections_max).unwrap_or(2),
    })
}

/// Opens what the handlers share.
async fn open(config: &Config, api: Option<SocketAddr>) -> Result<House, ServeError> {
    let store = Store::open(store_config(config)?, system_mint()).await?;
    let broker = Broker::connect(&config.broker.socket).await?;
    let address = public_url(config, api);
    let identity = IdentityConfig {
        origin: origin(config, api)?,
        // The issuer must stay the same when the port is taken at random, or a restart would sign
        // everybody out.
        issuer: config.api.url.as_ref().map_or("https://localhost".to_owned(), |_| address.clone()),
        audience: format!("casemate {}", store.instance()),
        pool: pool_size(),
        cost: Cost::STANDARD,
    };
    let (places, breached) = files(config)?;
    let hardware = config.staff.hardware_roots()?;
    let sso = config.sso.opened(&address)?;
    let identity = Identity::start(store, broker, identity).await?;
    let identity =
        identity.with_files(places, breached).with_sso(sso).with_hardware_roots(hardware);
    let limiter = Limiter::new(config.limits);
    let (security, client) = (config.security.clone(), config.sso.client()?);
    let parts = Parts { identity, limiter, security, client };
    let port = api.map(|address| address.port());
    Ok(House::known_as(parts, Addresses::of(config.api.url.as_ref(), port)))
}

/// The address that people use: the configured one, else where this process listens.
fn public_url(config: &Config, api: Option<SocketAddr>) -> String {
    match (&config.api.url, api) {
        (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
        (None, Some(address)) => format!("https://{address}"),
        (None, None) => "https://localhost".to_owned(),
    }
}

/// Where browsers reach this instance. Without a configured URL that is this machine by its name,
/// since passkeys belong to a name.
fn origin(config: &Config, api: Option<SocketAddr>) -> Result<url::Url, ServeError> {
    if let Some(url) = &config.api.url {
        return Ok(url.clone());
    }
    let port = api.map_or(443, |address| address.port());
    url::Url::parse(&format!("https://localhost:{port}"))
        .map_err(|_| ServeError::System(io::ErrorKind::InvalidInput))
}

/// The files that the operator gave to sign-in.
fn files(config: &Config) -> Result<(Places, Breached), ServeError> {
    let files = &config.files;
    let places = files.places.as_deref().map_or(Ok(Places::default()), Places::open)?;
    let breached = files.breached.as_deref().map_or(Ok(Breached::default()), Breached::open)?;
    Ok((places, breached))
}

/// One password is hashed per core at a time; a queue of 32 per core answers within about half a
/// second.
fn pool_size() -> PoolSize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    PoolSize { at_once: cores, waiting_max: 32 * cores }
}

/// Listens, answers and works until asked to stop.
async fn run(config: &Config, transport: Transport, stop: Stop) -> Result<(), ServeError> {
    let health_listener = bind(config.api.health).await?;
    let api_listener = match config.roles.api {
        true => Some(bind(config.api.listen).await?),
        false => None,
    };
    let api_address = api_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let health_address = health_listener.local_addr()?;
    let house = open(config, api_address).await?;
    let mailer = config.mail.settings.as_ref().map(Mailer::new).transpose()?;

    let tasks = TaskTracker::new();
    workers::start_watching(&house, &tasks, &stop);
    if config.roles.worker {
        workers::start_working(&house, &tasks, &stop);
        workers::start_retaining(&house, config.retention.security_log, &tasks, &stop);
        let url = public_url(config, api_address);
        workers::start_post(&house, Post { mailer, url }, &tasks, &stop);
        witnessing::start(&house, &config.witnesses, &config.sso.client()?, &tasks, &stop);
    }
    let metrics = Arc::clone(house.metrics());
    let connections_max = usize::try_from(config.limits.connections_max).unwrap_or(16);
    let health = Door {
        listener: health_listener,
        transport: Transport::Plain,
        router: health::router(house.clone()),
        connections_max: HEALTH_CONNECTIONS_MAX,
        metrics: Arc::clone(&metrics),
    };
    tasks.spawn(health.serve(stop.clone()));
    if let Some(listener) = api_listener {
        let router = router::router(house.clone());
        let door = Door { listener, transport, router, connections_max, metrics };
        tasks.spawn(door.serve(stop.clone()));
    }
    let ready = Ready::write(&config.data.run(), api_address, health_address)?;
    tracing::info!(api = ?api_address, health = %health_address, "ready");

    let outcome = tokio::select! {
        failed = stop.on_signals() => failed,
        () = stop.draining() => Ok(()),
    };
    drop(ready);
    finish(&house, &tasks, &stop).await;
    outcome.map_err(ServeError::from)
}

/// Lets what runs come to its end, within bounds.
async fn finish(house: &House, tasks: &TaskTracker, stop: &Stop) {
    tasks.close();
    house.tasks().close();
    let ended = async { tokio::join!(tasks.wait(), house.tasks().wait()) };
    tokio::select! {
        _ = tokio::time::timeout(Duration::from_millis(2 * limits::DRAIN_MS_MAX), ended) => {
            house.store().close().await;
        }
        () = stop.at_once() => {}
        _ = stop.on_signals() => {}
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    listen::bind(address).await.map_err(|error| ServeError::Address { address, why: error.kind() })
}

//! What a house stands on: a folder, a database, and a broker on a thread of this program, run as
//! its process runs it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use broker::{Broker, BrokerConfig, PrimarySlot, Setup, Unlock};
use domain::{InstanceId, Mint};
use store::postgres::{Roles, create_database, prepare};
use store::{PostgresTarget, Store, StoreConfig};
use tempfile::TempDir;

use super::{MovedClock, Random};

/// One engine, and the folder of one house on it.
pub(crate) struct Ground {
    folder: TempDir,
    engine: Engine,
}

enum Engine {
    Sqlite,
    /// A superuser's address, `postgresql://user@host:port/database`.
    Postgres(String),
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Ground {
    /// One ground per engine there is.
    pub(crate) fn all() -> Vec<Self> {
        let postgres = superuser().map(Engine::Postgres);
        [Engine::Sqlite].into_iter().chain(postgres).map(Self::of).collect()
    }

    fn of(engine: Engine) -> Self {
        // A socket's path has 108 bytes at most, so the folder is a short one.
        let folder = tempfile::Builder::new().prefix("cm-id-").tempdir_in("/tmp").unwrap();
        Self { folder, engine }
    }

    pub(crate) async fn store(&self, mint: Mint) -> Store {
        let config = match &self.engine {
            Engine::Sqlite => {
                let folder = self.folder.path().join("data");
                fs::create_dir(&folder).unwrap();
                StoreConfig::Sqlite { folder }
            }
            Engine::Postgres(superuser) => database(superuser, &mint).await,
        };
        Store::open(config, mint).await.unwrap()
    }

    /// The thread ends with the test program.
    pub(crate) async fn broker(&self, instance: InstanceId, clock: Arc<MovedClock>) -> Broker {
        let at = |name: &str| self.folder.path().join(name);
        let (key_store, slots, key_file) = (at("keys.db"), at("slots"), at("key"));
        fs::create_dir(&slots).unwrap();
        let setup = Setup {
            instance,
            key_store: key_store.clone(),
            slots: slots.clone(),
            primary: PrimarySlot::KeyFile(key_file.clone()),
        };
        broker::setup(&setup, clock.as_ref(), &Random).unwrap();
        let socket = at("socket");
        let config = BrokerConfig {
            key_store,
            slots,
            journal: at("journal"),
            socket: socket.clone(),
            unlock: vec![Unlock::KeyFile(key_file)],
            peer_uids: vec![fs::metadata(self.folder.path()).unwrap().uid()],
        };
        thread::spawn(move || broker::run(config, clock, Arc::new(Random)).unwrap());
        let began = Instant::now();
        loop {
            match Broker::connect(&socket).await {
                Ok(broker) => return broker,
                Err(error) if began.elapsed() > Duration::from_secs(20) => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}

/// A database with roles of its own.
async fn database(superuser: &str, mint: &Mint) -> StoreConfig {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("cm_identity_{}_{number}", std::process::id());
    let roles = Roles::without_passwords(&name).unwrap();
    create_database(&PostgresTarget::socket(superuser), &name).await.unwrap();
    let address = |user: Option<&str>| {
        let (scheme, rest) = superuser.split_once("://").unwrap();
        let (own, host) = rest.split_once('@').unwrap();
        let (host, _) = host.rsplit_once('/').unwrap();
        let user = user.unwrap_or(own);
        PostgresTarget::socket(format!("{scheme}://{user}@{host}/{name}"))
    };
    prepare(&address(None), &roles, mint).await.unwrap();
    StoreConfig::Postgres {
        runtime: address(Some(&roles.runtime())),
        platform: address(Some(&roles.platform())),
        pool: 3,
    }
}

/// The superuser's address, if there is a cluster; CI has one.
fn superuser() -> Option<String> {
    let named = std::env::var("CASEMATE_TEST_POSTGRES").ok();
    assert!(
        named.is_some() || std::env::var_os("CI").is_none(),
        "CI runs both engines: CASEMATE_TEST_POSTGRES names no cluster"
    );
    if named.is_none() {
        eprintln!("SKIPPED ON POSTGRESQL: CASEMATE_TEST_POSTGRES names no cluster");
    }
    named
}

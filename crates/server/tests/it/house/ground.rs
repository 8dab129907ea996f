//! What houses stand on: the template's data folder, and a broker on a thread of this program, run
//! as its process runs it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use broker::{Broker, BrokerConfig, PrimarySlot, Setup, Unlock};
use domain::{Clock, InstanceId, Mint};
use store::{Store, StoreConfig};
use tempfile::TempDir;

use super::postgres::{self, Database};
use super::{MovedClock, Random};

/// Which engine a house stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// SQLite, and PostgreSQL where `CASEMATE_TEST_POSTGRES` names a cluster.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::Sqlite].into_iter().chain(postgres::named().map(|_| Self::Postgres))
    }
}

/// The template's folders, and its database on PostgreSQL.
pub(crate) struct Ground {
    folder: TempDir,
    engine: Engine,
    database: OnceLock<Database>,
}

/// What a copy of the template's data lies in; gone when dropped.
pub(crate) struct Plot {
    _folder: Option<TempDir>,
    _database: Option<Database>,
}

impl Ground {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { folder: short_folder(), engine, database: OnceLock::new() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The store that the template is made in.
    pub(crate) async fn first_store(&self, mint: Mint) -> Store {
        fs::create_dir(self.data()).unwrap();
        let config = match self.engine {
            Engine::Sqlite => StoreConfig::Sqlite { folder: self.data() },
            Engine::Postgres => {
                let database = Database::prepared(&mint).await;
                self.database.get_or_init(|| database).config()
            }
        };
        Store::open(config, mint).await.unwrap()
    }

    /// A copy of the template's data, opened.
    pub(crate) async fn copied_store(&self, mint: Mint) -> (Store, Plot) {
        let (config, plot) = match self.database.get() {
            Some(template) => {
                let database = template.copied();
                (database.config(), Plot { _folder: None, _database: Some(database) })
            }
            None => {
                let folder = tempfile::tempdir().unwrap();
                let data = folder.path().join("data");
                copy(&self.data(), &data);
                let config = StoreConfig::Sqlite { folder: data };
                (config, Plot { _folder: Some(folder), _database: None })
            }
        };
        (Store::open(config, mint).await.unwrap(), plot)
    }

    /// A copy of the template's data, for a process of its own.
    pub(crate) fn copy_data(&self, to: &Path) {
        copy(&self.data(), to);
    }

    /// The socket of the broker that most tests share.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("broker/socket")
    }

    /// Makes the keys of an instance, and starts the broker that most tests share.
    pub(crate) async fn first_broker(
        &self,
        instance: InstanceId,
        clock: Arc<MovedClock>,
    ) -> Broker {
        let keys = self.folder.path().join("broker");
        fs::create_dir_all(keys.join("slots")).unwrap();
        let setup = Setup {
            instance,
            key_store: keys.join("keys.db"),
            slots: keys.join("slots"),
            primary: PrimarySlot::KeyFile(keys.join("key")),
        };
        broker::setup(&setup, clock.as_ref(), &Random).unwrap();
        run(&keys, clock);
        connect(&keys).await
    }

    /// The broker that most tests share.
    pub(crate) async fn broker(&self) -> Broker {
        connect(&self.folder.path().join("broker")).await
    }

    /// A broker of its own, with a copy of the keys. Its thread ends with the test program.
    pub(crate) async fn copied_broker(&self, clock: Arc<MovedClock>) -> (Broker, TempDir) {
        let folder = short_folder();
        let keys = folder.path().join("broker");
        copy(&self.folder.path().join("broker"), &keys);
        run(&keys, clock);
        (connect(&keys).await, folder)
    }
}

/// A socket's path has 108 bytes at most, so its folder is a short one.
fn short_folder() -> TempDir {
    tempfile::Builder::new().prefix("cm-srv-").tempdir_in("/tmp").unwrap()
}

fn run(keys: &Path, clock: Arc<MovedClock>) {
    let config = BrokerConfig {
        key_store: keys.join("keys.db"),
        slots: keys.join("slots"),
        journal: keys.join("journal"),
        socket: keys.join("socket"),
        unlock: vec![Unlock::KeyFile(keys.join("key"))],
        peer_uids: vec![fs::metadata(keys).unwrap().uid()],
    };
    let clock: Arc<dyn Clock> = clock;
    thread::spawn(move || broker::run(config, clock, Arc::new(Random)).unwrap());
}

async fn connect(keys: &Path) -> Broker {
    let began = Instant::now();
    loop {
        match Broker::connect(&keys.join("socket")).await {
            Ok(broker) => return broker,
            Err(error) if began.elapsed() > Duration::from_secs(20) => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(&source, &target).unwrap();
        }
    }
}

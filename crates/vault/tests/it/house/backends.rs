//! A real store on each engine, and the real broker: one for the whole test program, on a thread,
//! as its process runs it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, io::Read};

use broker::{Broker, BrokerConfig, JournalEntry, PrimarySlot, Realm, Setup, Unlock};
use domain::authz::{RotateSecret, decide};
use domain::{Clock, Entropy, Mint, Sealed, TimeMs};
use store::{Commit, QuietReason, Store, StoreConfig, StoreError};
use tempfile::TempDir;
use vault::secrets::{NewSecret, SecretPath, set_secret};

use super::{Team, postgres, value};

/// The machine's own clock and randomness: the broker checks grants by the same clock.
struct Machine;

impl Clock for Machine {
    fn now(&self) -> TimeMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        TimeMs(i64::try_from(since.as_millis()).unwrap())
    }
}

impl Entropy for Machine {
    fn fill(&self, bytes: &mut [u8]) {
        fs::File::open("/dev/urandom").unwrap().read_exact(bytes).unwrap();
    }
}

fn mint() -> Mint {
    Mint::new(Arc::new(Machine), Arc::new(Machine))
}

/// The broker's folder; its thread ends with the test program.
fn broker_folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::Builder::new().prefix("cm-vault-").tempdir_in("/tmp").unwrap();
            let at = |name: &str| folder.path().join(name);
            let (key_store, slots, key_file) = (at("keys.db"), at("slots"), at("key"));
            fs::create_dir(&slots).unwrap();
            let setup = Setup {
                instance: mint().id(),
                key_store: key_store.clone(),
                slots: slots.clone(),
                primary: PrimarySlot::KeyFile(key_file.clone()),
            };
            broker::setup(&setup, &Machine, &Machine).unwrap();
            let peer_uids = vec![fs::metadata(folder.path()).map(uid).unwrap()];
            let (journal, socket) = (at("journal"), at("socket"));
            let unlock = vec![Unlock::KeyFile(key_file)];
            let config = BrokerConfig { key_store, slots, journal, socket, unlock, peer_uids };
            thread::spawn(move || {
                broker::run(config, Arc::new(Machine), Arc::new(Machine)).unwrap();
            });
            folder
        })
        .path()
}

fn uid(folder: fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&folder)
}

async fn broker() -> Broker {
    let socket: PathBuf = broker_folder().join("socket");
    let begin = Instant::now();
    loop {
        match Broker::connect(&socket).await {
            Ok(broker) => return broker,
            Err(_) if begin.elapsed() < Duration::from_secs(20) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("the broker did not start: {error}"),
        }
    }
}

/// Which engine a house stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

/// Two workspaces on one engine.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) acme: Team,
    pub(crate) rival: Team,
    engine: Engine,
    folder: TempDir,
}

/// Runs a test on SQLite, and on PostgreSQL where `CASEMATE_TEST_POSTGRES` names a cluster.
pub(crate) async fn each_engine(test: impl AsyncFn(House)) {
    let engines = [Engine::Sqlite].into_iter().chain(postgres::named().map(|_| Engine::Postgres));
    for engine in engines {
        println!("on {engine:?}");
        test(House::open(engine).await).await;
    }
}

impl House {
    async fn open(engine: Engine) -> Self {
        let broker = broker().await;
        let folder = tempfile::tempdir().unwrap();
        let config = match engine {
            Engine::Sqlite => StoreConfig::Sqlite { folder: folder.path().to_path_buf() },
            Engine::Postgres => postgres::database(&mint()).await,
        };
        let store = Store::open(config, mint()).await.unwrap();
        let acme = Team::found(&store, "acme").await;
        let rival = Team::found(&store, "rival").await;
        for team in [&acme, &rival] {
            broker.create_realm(Realm::Tenant(team.id)).await.unwrap();
        }
        Self { store, broker, acme, rival, engine, folder }
    }

    /// The folders that hold everything that was written: this store's (on PostgreSQL, a dump of
    /// its database) and the broker's.
    pub(crate) fn folders(&self) -> [&Path; 2] {
        if self.engine == Engine::Postgres {
            postgres::dump(&self.folder.path().join("dump.sql"));
        }
        [self.folder.path(), broker_folder()]
    }

    /// At least so many files have something in them: a control file and two tenants' or a dump,
    /// and the broker's key store and journal.
    pub(crate) fn files_min(&self) -> usize {
        match self.engine {
            Engine::Sqlite => 5,
            Engine::Postgres => 3,
        }
    }

    pub(crate) fn now(&self) -> TimeMs {
        self.store.mint().now()
    }

    pub(crate) fn broker_socket(&self) -> PathBuf {
        broker_folder().join("socket")
    }

    /// Every opening of this house's workspaces, from the broker's own journal.
    pub(crate) async fn openings(&self) -> Vec<JournalEntry> {
        let ours = [&self.acme, &self.rival].map(|team| Realm::Tenant(team.id));
        let mut found = Vec::new();
        let mut seq = 0;
        loop {
            let page = self.broker.journal_after(seq, 100).await.unwrap();
            let Some(last) = page.last() else { return found };
            seq = last.seq;
            found.extend(page.into_iter().filter(|entry| ours.contains(&entry.realm)));
        }
    }

    /// Sets a secret as the owner, wherever it is to lie.
    pub(crate) async fn keep_at(&self, team: &Team, path: &SecretPath, text: &str) {
        let new = NewSecret { path: path.clone(), value: value(text) };
        set_secret(&self.store, &self.broker, &team.owner, new).await.unwrap();
    }

    /// The sealed bytes of a secret's newest version.
    pub(crate) async fn bytes_of(&self, team: &Team, path: &SecretPath) -> Sealed {
        let SecretPath { project, environment, name } = path.clone();
        let read = self.store.read::<_, StoreError>(&team.owner, move |tx| {
            tx.secrets().sealed(project, environment, &name)
        });
        read.await.unwrap().unwrap().sealed
    }

    /// What somebody who writes the database can do: make these bytes the next version of a secret.
    pub(crate) async fn put_bytes(&self, team: &Team, sealed: Sealed, path: &SecretPath) {
        let SecretPath { project, environment, name } = path.clone();
        let owner = team.owner_authority(self.now());
        self.store
            .write(&team.owner, move |tx| {
                let head = tx.secrets().head(project, environment, &name)?.unwrap();
                let permit = decide(&owner, RotateSecret { project, environment, name }).unwrap();
                let author = owner.standing.user;
                assert!(tx.secrets().rotate(permit, head.version, author, &sealed)?.is_some());
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
    }

    /// [`Self::put_bytes`] with the bytes of another secret of the same workspace.
    pub(crate) async fn put_bytes_of(&self, team: &Team, source: &SecretPath, target: &SecretPath) {
        let sealed = self.bytes_of(team, source).await;
        self.put_bytes(team, sealed, target).await;
    }
}

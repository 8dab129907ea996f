//! The broker process: threads and blocking calls on one Unix socket.
//!
//! Walk: [`run`] hardens the process, takes the key store's lock, opens a slot, loads the instance
//! keys, carries out every order of the shred ledger, checks the journal, and only then listens.
//! Any step that fails ends the start with nothing in memory.

mod hardening;
mod listener;
mod memory;
mod service;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use domain::{Clock, Entropy};
use seal::{KeyHomes, RootKey};

use crate::instance_keys::InstanceKeys;
use crate::journal::Journal;
use crate::key_ring::{self, KeyRing};
use crate::key_store::KeyStore;
use crate::rotation::{Steps, no_steps};
use crate::shred_ledger::{ShredLedger, ledger_path};
use crate::slots::{self, Expected, Unlock};
use crate::start_error::{StartError, Tried};

pub(crate) use hardening::harden;
pub use memory::MemoryError;
pub(crate) use memory::{LockedHomes, PLACES as KEY_PLACES};

/// Where everything lies and who may connect.
pub struct BrokerConfig {
    /// The key store, in the data folder.
    pub key_store: PathBuf,
    /// The folder of slot files, in the configuration folder.
    pub slots: PathBuf,
    /// The journal of openings, in the data folder.
    pub journal: PathBuf,
    /// The Unix socket, in the run folder.
    pub socket: PathBuf,
    /// What opens a slot without a person; tried in this order.
    pub unlock: Vec<Unlock>,
    /// User ids that may connect. The kernel names the peer's.
    pub peer_uids: Vec<u32>,
}

/// Runs the broker until the process is stopped. Installs nothing and daemonises nothing.
///
/// Stopping it at any moment loses nothing: an answer was either given, and is in the journal, or
/// was not.
///
/// # Errors
/// [`StartError`] says why it does not run and what to do.
pub fn run(
    config: BrokerConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<(), StartError> {
    run_watched(config, clock, entropy, Arc::new(no_steps))
}

/// As [`run`], with somebody who watches the steps of changes: a test that ends the process there.
///
/// # Errors
/// As [`run`].
pub fn run_watched(
    config: BrokerConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    steps: Arc<Steps>,
) -> Result<(), StartError> {
    harden()?;
    let locked = LockedHomes::new().map_err(StartError::Unprotected)?;
    let homes: Arc<dyn KeyHomes> = Arc::new(locked);
    let _lock = lock_key_store(&config.key_store)?;
    let store = KeyStore::open(&config.key_store)?;
    slots::finish_pairing(&config.slots, &store)?;
    let identity = store.identity()?;
    let expected = Expected::read(&store)?;
    let root = unlock(&config, &expected, homes.as_ref())?;
    let instance = identity.instance;
    let keys = Arc::new(InstanceKeys::load(&store, &root, instance, homes.as_ref())?);
    let ledger = open_ledger(&config.slots, &store, &keys, instance)?;
    let copied = store.journal_copied();
    let copied = copied.map_err(|_| store.damaged("the journal's position cannot be read"))?;
    let journal = Journal::open(&config.journal, copied, Arc::clone(&keys), Arc::clone(&clock))?;
    let ring = KeyRing::new(
        instance,
        root,
        store,
        Arc::clone(&homes),
        Arc::clone(&entropy),
        Arc::clone(&clock),
    );
    let service = service::Service {
        ring,
        keys,
        journal,
        homes,
        entropy,
        clock,
        slots: config.slots,
        unlock: config.unlock,
        ledger: Mutex::new(ledger),
        glass: Mutex::default(),
        steps,
    };
    listener::serve(&config.socket, config.peer_uids, service)
}

/// Opens the shred ledger and carries out every order in it: what was shredded stays dead whatever
/// was restored.
fn open_ledger(
    slots: &Path,
    store: &KeyStore,
    keys: &InstanceKeys,
    instance: domain::InstanceId,
) -> Result<ShredLedger, StartError> {
    let known = store.orders().map_err(|_| store.damaged("its orders cannot be read"))?;
    let ledger = ShredLedger::open(&ledger_path(slots), instance, keys, known)?;
    key_ring::replay(store, ledger.orders())?;
    Ok(ledger)
}

/// The root key, by the first configured way that opens it.
pub(crate) fn unlock(
    config: &BrokerConfig,
    expected: &Expected,
    homes: &dyn KeyHomes,
) -> Result<RootKey, StartError> {
    let opened = slots::unlock_any(&config.slots, &config.unlock, None, expected, homes);
    opened
        .map(|(root, _)| root)
        .map_err(|tried| StartError::WrongKey { expected: expected.root, tried: Tried(tried) })
}

/// One process per key store: the lock is the kernel's, and ends with the process however it ends.
pub(crate) fn lock_key_store(key_store: &Path) -> Result<File, StartError> {
    let path = key_store.with_extension("lock");
    let failed = |source| StartError::File { path: path.clone(), source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(StartError::AlreadyRunning(key_store.to_owned()))
        }
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

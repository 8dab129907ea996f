//! The broker process: threads and blocking calls on one Unix socket.
//!
//! Walk: [`run`] hardens the process, takes the key store's lock, opens a slot, loads the instance
//! keys, checks the journal, and only then listens. Any step that fails ends the start with nothing
//! in memory.

mod hardening;
mod listener;
mod memory;
mod service;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Clock, Entropy};
use seal::{KeyHomes, RootKey};

use crate::instance_keys::InstanceKeys;
use crate::journal::Journal;
use crate::key_ring::KeyRing;
use crate::key_store::KeyStore;
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
    harden()?;
    let locked = LockedHomes::new().map_err(StartError::Unprotected)?;
    let homes: Arc<dyn KeyHomes> = Arc::new(locked);
    let _lock = lock_key_store(&config.key_store)?;
    let store = KeyStore::open(&config.key_store)?;
    let identity = store.identity()?;
    let expected = Expected::of(&identity);
    let root = unlock(&config, &expected, homes.as_ref())?;
    let instance = identity.instance;
    let keys = Arc::new(InstanceKeys::load(&store, &root, instance, homes.as_ref())?);
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
        expected,
    };
    listener::serve(&config.socket, config.peer_uids, service)
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

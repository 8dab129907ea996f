//! What a backup needs of the broker's folders, for the host: a copy of the key store, the ways to
//! open the root key after a disaster, and the checks of a copy that was restored.
//!
//! Always true
//! 1. A copy of the key store holds envelopes and seeds as the store does: no key in clear.
//! 2. A way is a slot file with the pair that leads from it to the root key: useless without the
//!    slot's own secret. Only ways that people hold travel.
//! 3. The root key passes through the host's process only to restore or to rehearse a restore; the
//!    process is hardened first, and the key lies in locked memory.
//! 4. Every order of the shred ledger is carried out on a restored key store before this says that
//!    it is restored.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Clock, Entropy, InstanceId, Sealed};
use ledger::VerifierKey;
use seal::{Exposed, KeyHomes, KeyId, RootKey, Slot, SlotPair};

use crate::error::BrokerError;
use crate::instance_keys::InstanceKeys;
use crate::key_ring::{self, KeyRing};
use crate::key_store::KeyStore;
use crate::process::{BrokerConfig, LockedHomes, harden, unlock};
use crate::record::{Realm, RecordName};
use crate::rotation::ShredTarget;
use crate::shred_ledger::{ShredLedger, ledger_path};
use crate::slots::{self, Expected, GivenError, given};
use crate::start_error::StartError;

/// The first line of what is signed for a backup; the second one names the instance. Nothing else
/// that the log key signs begins like this.
pub const TITLE: &str = "casemate.v1 backup";
/// Longest text that is signed for a backup.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// A way to open the root key that people hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The slot's name.
    pub name: String,
    /// The slot file's text.
    pub slot: String,
    /// What leads from the slot's key to the root key; `None` for a slot that holds the root key.
    pub pair: Option<SlotPair>,
}

/// Why the root key of a backup was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenRootError {
    /// There is no way of this name.
    #[error("the backup has no slot {0}")]
    NoSuchWay(String),
    /// What was given does not open the way.
    #[error("root key {expected} is needed, and what was given does not open it")]
    Given {
        /// The root key that the backup was sealed to.
        expected: KeyId,
        /// Why not.
        source: GivenError,
    },
    /// The way leads to another root key.
    #[error("root key {expected} is needed, and this opens root key {found}")]
    OtherRoot {
        /// The root key that the backup was sealed to.
        expected: KeyId,
        /// What was opened.
        found: KeyId,
    },
    /// As a start fails.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// The ways that people hold to the root key of this installation.
///
/// # Errors
/// As a start; [`StartError::NoKeyStore`] among them.
pub fn ways(slots: &Path, key_store: &Path) -> Result<Vec<Way>, StartError> {
    let expected = Expected::read(&KeyStore::open(key_store)?)?;
    let placed = slots::list(slots).into_iter().filter(|placed| placed.kind.recovers());
    let ways = placed.filter_map(|placed| {
        let slot = placed.slot.filter(|slot| expected.is_of(slot))?;
        let pair = expected.pair(&slot).cloned();
        Some(Way { name: placed.name, slot: slot.to_string(), pair })
    });
    Ok(ways.collect())
}

/// The root key, by a way of the backup and what a person gave for it.
///
/// # Errors
/// [`OpenRootError`].
pub fn open_root(
    ways: &[Way],
    name: &str,
    given: &Exposed,
    instance: InstanceId,
    expected: KeyId,
) -> Result<RootKey, OpenRootError> {
    let way = ways.iter().find(|way| way.name == name);
    let way = way.ok_or_else(|| OpenRootError::NoSuchWay(name.to_owned()))?;
    harden()?;
    let homes = LockedHomes::new().map_err(StartError::Unprotected)?;
    let refused = |source| OpenRootError::Given { expected, source };
    let slot = Slot::parse(&way.slot).map_err(|error| refused(error.into()))?;
    let held = given::open_with(&slot, given, &homes).map_err(refused)?;
    let root = match &way.pair {
        Some(pair) => pair.open(&held, instance, expected, &homes),
        None => Ok(held),
    };
    let root = root.map_err(|error| refused(error.into()))?;
    let found = root.id();
    if found == expected { Ok(root) } else { Err(OpenRootError::OtherRoot { expected, found }) }
}

/// The root key of this installation, by a configured slot: for a rehearsal, which no person
/// attends.
///
/// # Errors
/// As a start.
pub fn open_own_root(config: &BrokerConfig) -> Result<RootKey, StartError> {
    harden()?;
    let homes = LockedHomes::new().map_err(StartError::Unprotected)?;
    let expected = Expected::read(&KeyStore::open(&config.key_store)?)?;
    unlock(config, &expected, &homes)
}

/// Copies the key store, as it is at one moment and while the broker uses it, into a new file.
///
/// # Errors
/// [`StartError::File`], [`StartError::Damaged`]; the target may be half there.
pub fn snapshot_keys(key_store: &Path, target: &Path) -> Result<(), StartError> {
    KeyStore::open(key_store)?.copy_to(target)
}

/// A key store that was restored, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredKeys {
    /// Whose keys they are.
    pub instance: InstanceId,
    /// The key of the instance's logs: what signed the backup must be it.
    pub log_key: VerifierKey,
    /// What was shredded, and is dead in this copy too.
    pub shredded: Vec<ShredTarget>,
}

/// Checks a restored key store by unwrapping the instance's keys with the root key, and carries out
/// every order of the ledger beside the slots.
///
/// # Errors
/// As a start: [`StartError::WrongKey`], [`StartError::Damaged`] also for a ledger that has fewer
/// orders than the key store knows of.
pub fn settle_restored(
    key_store: &Path,
    slots: &Path,
    root: &RootKey,
) -> Result<RestoredKeys, StartError> {
    let (store, keys) = unwrapped(key_store, root)?;
    let instance = store.identity()?.instance;
    let known = store.orders().map_err(|_| store.damaged("its orders cannot be read"))?;
    let ledger = ShredLedger::open(&ledger_path(slots), instance, &keys, known)?;
    key_ring::replay(&store, ledger.orders())?;
    let shredded = ledger.orders().iter().map(|order| order.target).collect();
    let log_key = keys.log_verifier().clone();
    store.close()?;
    Ok(RestoredKeys { instance, log_key, shredded })
}

/// Opens one record with the keys of a restored key store: the rehearsal's canary.
///
/// # Errors
/// The key store's as [`StartError`]; the record's as [`BrokerError`].
pub fn open_record(
    key_store: &Path,
    root: RootKey,
    realm: Realm,
    record: &RecordName,
    sealed: &Sealed,
    tools: (Arc<dyn Clock>, Arc<dyn Entropy>),
) -> Result<Result<Exposed, BrokerError>, StartError> {
    let (store, _) = unwrapped(key_store, &root)?;
    let instance = store.identity()?.instance;
    let homes: Arc<dyn KeyHomes> = Arc::new(LockedHomes::new().map_err(StartError::Unprotected)?);
    let (clock, entropy) = tools;
    let ring = KeyRing::new(instance, root, store, homes, entropy, clock);
    Ok(ring.open(realm, record, sealed.as_bytes()))
}

/// The ledger of orders beside these slots.
#[must_use]
pub fn shred_ledger_path(slots: &Path) -> PathBuf {
    ledger_path(slots)
}

/// Puts the slots of a backup into a folder that has none.
///
/// # Errors
/// [`StartError::File`].
pub fn restore_ways(ways: &[Way], slots: &Path) -> Result<(), StartError> {
    for way in ways {
        let path = slots.join(format!("{}.slot", way.name));
        if !path.exists() {
            slots::write_private(&path, way.slot.as_bytes())?;
        }
    }
    Ok(())
}

fn unwrapped(key_store: &Path, root: &RootKey) -> Result<(KeyStore, InstanceKeys), StartError> {
    let store = KeyStore::open(key_store)?;
    let identity = store.identity()?;
    if identity.root_key != root.id() || identity.root_check != root.check_value() {
        return Err(store.damaged("it belongs to another root key than the backup says"));
    }
    let homes = LockedHomes::new().map_err(StartError::Unprotected)?;
    let keys = InstanceKeys::load(&store, root, identity.instance, &homes)?;
    Ok((store, keys))
}

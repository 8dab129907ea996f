//! A new root key, while the broker is stopped.
//!
//! Always true
//! 1. The new root key and everything under it come in one transaction of the key store: every
//!    realm's data keys, the instance keys, and the pairs of the slots. After a kill at any instant
//!    the installation has the old root key or the new one, whole.
//! 2. Before it is committed, every wrap was opened again, and a count says that nothing in the
//!    store is left under the old root key.
//! 3. No file of a slot changes. A slot that still holds the root key itself is given a pair first,
//!    for which its secret is needed once; without it nothing is rotated.
//! 4. The old root key is nowhere afterwards: what it was sealed in is overwritten, and the copy of
//!    an older format is removed.
//!
//! Choice: docs/decisions/0019-rotation-and-shredding.md.

use std::path::PathBuf;

use domain::{Clock, Entropy, InstanceId, TimeMs};
use seal::{
    Exposed, Key, KeyHomes, KeyId, KeyRealm, RecoveryCode, RootKey, SlotPair, SlotSecret,
    WrappingKey, key_file,
};

use crate::key_ring::{living, rewrap, wrapping_key_of};
use crate::key_store::{Identity, KeyStore, Rewrapped, Seed, WrappedKey};
use crate::process::{BrokerConfig, LockedHomes, harden, lock_key_store, unlock};
use crate::rotation::{KeyState, Step, Steps};
use crate::slots::{self, Expected, Pairing, Shelf, Unlock};
use crate::start_error::StartError;
use crate::status::SlotOutcome;

/// What hangs on the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCensus {
    /// The root key of the moment.
    pub root_key: KeyId,
    /// Since when; `None`: since setup.
    pub since: Option<TimeMs>,
    /// Realms with a seed.
    pub realms: u64,
    /// Data keys that are not destroyed.
    pub data_keys: u64,
    /// Instance keys.
    pub instance_keys: u64,
    /// Slots that a new root key reaches without their secret.
    pub slots_paired: Vec<PathBuf>,
    /// Slots that hold the root key itself, and need their secret once.
    pub slots_direct: Vec<PathBuf>,
    /// Slots that lead to another root key.
    pub slots_foreign: Vec<PathBuf>,
}

/// A finished rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootRotated {
    /// What hung on the old root key.
    pub before: RootCensus,
    /// What hangs on the new one.
    pub after: RootCensus,
}

/// Why the root key is the one it was.
#[derive(Debug, thiserror::Error)]
pub enum RotateRootError {
    /// A slot holds the root key itself, and its secret was not given.
    #[error("{0} holds the root key itself, and what opens it was not given")]
    SlotNeedsItsSecret(PathBuf),
    /// A slot did not open with what was given.
    #[error("{0} does not open with what was given")]
    SlotDoesNotOpen(PathBuf),
    /// A slot leads to another root key, or cannot be read: it would be lost without a word.
    #[error("{0} does not lead to this root key")]
    ForeignSlot(PathBuf),
    /// A pair is not bound to the root key: somebody may have slipped it in.
    #[error("the pair of {0} was not made by this installation")]
    ForgedPair(PathBuf),
    /// A key did not unwrap, or the count did not come out. Nothing was changed.
    #[error("a key of realm {0} could not be wrapped anew; nothing was changed")]
    NotWrapped(&'static str),
    /// The same reasons for which a start fails.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Counts what hangs on the root key. Changes nothing but the key store's format.
///
/// # Errors
/// As a start fails.
pub fn root_census(config: &BrokerConfig) -> Result<RootCensus, StartError> {
    let _lock = lock_key_store(&config.key_store)?;
    let store = KeyStore::open(&config.key_store)?;
    slots::finish_pairing(&config.slots, &store)?;
    census(config, &store)
}

/// Makes a new root key and puts it in the place of the old one.
///
/// `code` is the recovery code, for a recovery slot that holds the root key itself. Repeating a
/// rotation that was cut off is safe: it either happened or did not.
///
/// # Errors
/// [`RotateRootError`]; then the root key is the one it was.
pub fn rotate_root(
    config: &BrokerConfig,
    code: Option<&Exposed>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    steps: &Steps,
) -> Result<RootRotated, RotateRootError> {
    harden()?;
    let homes = LockedHomes::new().map_err(StartError::Unprotected)?;
    let _lock = lock_key_store(&config.key_store)?;
    // Nor may a slot come meanwhile: its pair would lead to the old root key.
    let busy = || slots::file_error(&config.slots, std::io::ErrorKind::ResourceBusy.into());
    let _shelf = Shelf::take(&config.slots)?.ok_or_else(busy)?;
    let store = KeyStore::open(&config.key_store)?;
    slots::finish_pairing(&config.slots, &store)?;
    let before = census(config, &store)?;
    if let Some(path) = before.slots_foreign.first() {
        return Err(RotateRootError::ForeignSlot(path.clone()));
    }
    let old = unlock(config, &Expected::read(&store)?, &homes)?;
    let now = clock.now();
    let pairing = Pairing { store: &store, root: &old, homes: &homes, entropy, now, steps };
    pair_direct(config, code, &before, &pairing)?;

    let new = RootKey::new(random(&homes, entropy, &store)?);
    let rotation = Rotation { store: &store, old: &old, new: &new, homes: &homes, entropy };
    let made = rotation.wrap_all(config, steps)?;
    steps(Step::Wrapped);
    let replaced =
        store.replace_root(&made.identity, &made.realms, &made.instance_keys, &made.pairs, now);
    let failed = |_| store.damaged("the new root key could not be kept");
    if !replaced.map_err(failed)? {
        return Err(RotateRootError::NotWrapped("any"));
    }
    steps(Step::Committed);
    store.settle()?;
    steps(Step::Settled);
    let after = census(config, &store)?;
    Ok(RootRotated { before, after })
}

fn census(config: &BrokerConfig, store: &KeyStore) -> Result<RootCensus, StartError> {
    let failed = |_| store.damaged("its keys cannot be counted");
    let expected = Expected::read(store)?;
    let realms = store.realms().map_err(failed)?;
    let mut data_keys = 0;
    for realm in &realms {
        data_keys += living(store.keys_of(*realm).map_err(failed)?).count() as u64;
    }
    let mut census = RootCensus {
        root_key: expected.root,
        since: store.root_since().map_err(failed)?,
        realms: realms.len() as u64,
        data_keys,
        instance_keys: store.instance_key_rows().map_err(failed)?.len() as u64,
        slots_paired: Vec::new(),
        slots_direct: Vec::new(),
        slots_foreign: Vec::new(),
    };
    for path in slots::slot_files(&config.slots)? {
        let place = match slots::read_slot(&path).filter(|slot| expected.is_of(slot)) {
            Some(slot) if expected.pair(&slot).is_some() => &mut census.slots_paired,
            Some(_) => &mut census.slots_direct,
            None => &mut census.slots_foreign,
        };
        place.push(path);
    }
    Ok(census)
}

/// Gives every slot that holds the root key itself a pair, with the secrets that are at hand.
fn pair_direct(
    config: &BrokerConfig,
    code: Option<&Exposed>,
    census: &RootCensus,
    pairing: &Pairing<'_>,
) -> Result<(), RotateRootError> {
    for path in &census.slots_direct {
        let needs = || RotateRootError::SlotNeedsItsSecret(path.clone());
        let fails = || RotateRootError::SlotDoesNotOpen(path.clone());
        let kind = slots::read_slot(path).map(|slot| slot.kind()).ok_or_else(fails)?;
        let unlock = config.unlock.iter().find(|unlock| unlock.is_for(kind.into()));
        let paired = match (unlock, code) {
            (Some(Unlock::Passphrase(passphrase)), _) => {
                pairing.pair(path, &SlotSecret::Passphrase(passphrase))?
            }
            (Some(Unlock::KeyFile(file)), _) => {
                let content = slots::read_secret_file(file, key_file::KEY_FILE_BYTES_MAX);
                let content = content.map_err(|_| needs())?;
                let key = key_file::read(&content, pairing.homes).map_err(|_| fails())?;
                pairing.pair(path, &SlotSecret::KeyFile(&key))?
            }
            (None, Some(code)) if kind == seal::slot::Kind::Recovery => {
                let code = RecoveryCode::parse(code).map_err(|_| fails())?;
                pairing.pair(path, &SlotSecret::Recovery(&code))?
            }
            // Slots of the other kinds have pairs from the start.
            _ => return Err(needs()),
        };
        paired.map_err(|_: SlotOutcome| fails())?;
    }
    Ok(())
}

fn random(
    homes: &dyn KeyHomes,
    entropy: &dyn Entropy,
    store: &KeyStore,
) -> Result<Key, StartError> {
    Key::random(homes, entropy).map_err(|_| store.damaged("there is no room for a root key"))
}

struct Rotation<'a> {
    store: &'a KeyStore,
    old: &'a RootKey,
    new: &'a RootKey,
    homes: &'a dyn KeyHomes,
    entropy: &'a dyn Entropy,
}

/// Everything under the new root key, in memory.
struct Made {
    identity: Identity,
    realms: Vec<(KeyRealm, u32, Rewrapped)>,
    instance_keys: Vec<(String, WrappedKey)>,
    pairs: Vec<SlotPair>,
}

impl Rotation<'_> {
    fn wrap_all(&self, config: &BrokerConfig, steps: &Steps) -> Result<Made, RotateRootError> {
        let instance = self.store.identity()?.instance;
        let unreadable = |_| self.store.damaged("its keys cannot be read");
        let mut realms = Vec::new();
        let mut instance_keys = Vec::new();
        for realm in self.store.realms().map_err(unreadable)? {
            if realm == KeyRealm::Platform {
                instance_keys = self.wrap_instance_keys(instance)?;
            }
            realms.push(self.wrap_realm(instance, realm)?);
            steps(Step::RealmWrapped);
        }
        let pairs = self.seal_pairs(config, instance)?;
        let identity =
            Identity { instance, root_key: self.new.id(), root_check: self.new.check_value() };
        Ok(Made { identity, realms, instance_keys, pairs })
    }

    fn wrap_realm(
        &self,
        instance: InstanceId,
        realm: KeyRealm,
    ) -> Result<(KeyRealm, u32, Rewrapped), RotateRootError> {
        let not_wrapped = || RotateRootError::NotWrapped(realm.parts().0);
        let unreadable = |_| self.store.damaged("its keys cannot be read");
        let (seed, from, to) = self.bridge(instance, realm)?;
        let rows = self.store.keys_of(realm).map_err(unreadable)?;
        // A key that retires is wrapped as well: records may still be under it.
        let wanted = rows.iter().filter(|row| row.facts.state != KeyState::Destroyed).count();
        let keys = rewrap(&from, &to, living(rows), self.homes, self.entropy);
        let keys = keys.map_err(|_| not_wrapped())?;
        if keys.len() != wanted {
            return Err(not_wrapped());
        }
        let epoch = seed.epoch;
        Ok((realm, epoch, Rewrapped { epoch, seed: seed.bytes, keys }))
    }

    fn wrap_instance_keys(
        &self,
        instance: InstanceId,
    ) -> Result<Vec<(String, WrappedKey)>, RotateRootError> {
        let realm = KeyRealm::Platform;
        let not_wrapped = || RotateRootError::NotWrapped(realm.parts().0);
        let unreadable = |_| self.store.damaged("its keys cannot be read");
        let (_, from, to) = self.bridge(instance, realm)?;
        let rows = self.store.instance_key_rows().map_err(unreadable)?;
        let wrapped = rows.into_iter().map(|(use_, row)| {
            let one = std::iter::once((row.id, row.wrapped));
            let key = rewrap(&from, &to, one, self.homes, self.entropy)
                .map_err(|_| not_wrapped())?
                .pop()
                .ok_or_else(not_wrapped)?;
            Ok((use_, key))
        });
        wrapped.collect()
    }

    /// The realm's seed, and what its keys are wrapped with under the old root key and the new one.
    fn bridge(
        &self,
        instance: InstanceId,
        realm: KeyRealm,
    ) -> Result<(Seed, WrappingKey, WrappingKey), RotateRootError> {
        let not_wrapped = || RotateRootError::NotWrapped(realm.parts().0);
        let unreadable = |_| self.store.damaged("its keys cannot be read");
        let seed = self.store.seed(realm).map_err(unreadable)?.ok_or_else(not_wrapped)?;
        let under = |root| wrapping_key_of(root, instance, realm, &seed, self.homes);
        let from = under(self.old).map_err(|_| not_wrapped())?;
        let to = under(self.new).map_err(|_| not_wrapped())?;
        Ok((seed, from, to))
    }

    /// The new root key, sealed to the pair of every slot there is. Pairs of slots that are gone
    /// are left behind.
    fn seal_pairs(
        &self,
        config: &BrokerConfig,
        instance: InstanceId,
    ) -> Result<Vec<SlotPair>, RotateRootError> {
        let expected = Expected::read(self.store)?;
        let mut pairs: Vec<SlotPair> = Vec::new();
        for path in slots::slot_files(&config.slots)? {
            let foreign = || RotateRootError::ForeignSlot(path.clone());
            let slot = slots::read_slot(&path).ok_or_else(foreign)?;
            let pair = expected.pair(&slot).ok_or_else(foreign)?;
            if pairs.iter().any(|done| done.slot_key == pair.slot_key) {
                continue;
            }
            let moved = pair.moved_on(instance, self.old, self.new, self.homes, self.entropy);
            pairs.push(moved.map_err(|_| RotateRootError::ForgedPair(path.clone()))?);
        }
        Ok(pairs)
    }
}

//! New wraps, new keys, and the end of old ones, while records are sealed and opened.
//!
//! Always true
//! 1. A new wrap is opened once before it replaces the old one: what cannot be unwrapped is never
//!    committed.
//! 2. Records are sealed again under the active key by their own names; one that is under it
//!    already stays as it is.
//! 3. A key that was destroyed leaves the held keys as well.

use domain::Sealed;
use seal::root::SEED_BYTES;
use seal::{KeyHomes, KeyId, KeyRealm, RootKey, UnwrapError, WrappingKey};

use super::{Held, KeyRing, fault};
use crate::error::{BrokerError, OpenFault, Refusal};
use crate::key_store::{KeyRow, KeyStore, Rewrapped, WrappedKey};
use crate::record::{DataScope, Realm, RecordName};
use crate::rotation::{KeyState, RealmKeys, ShredTarget};

/// The same data keys under another wrapping key. Each is unwrapped again before it counts.
pub(crate) fn rewrap(
    from: &WrappingKey,
    to: &WrappingKey,
    keys: impl Iterator<Item = (KeyId, Vec<u8>)>,
    homes: &dyn KeyHomes,
    entropy: &dyn domain::Entropy,
) -> Result<Vec<WrappedKey>, UnwrapError> {
    let rewrapped = keys.map(|(id, wrapped)| {
        let key = from.unwrap(id, &wrapped, homes)?;
        let wrapped = to.wrap(&key, entropy).map_err(|_| seal::OpenError::Damaged)?;
        let again = to.unwrap(id, &wrapped, homes)?;
        if again.key().bytes() != key.key().bytes() {
            return Err(seal::OpenError::Damaged.into());
        }
        Ok(WrappedKey { id, wrapped, destroyed: false })
    });
    rewrapped.collect()
}

/// The keys that can still be unwrapped, with their wraps.
pub(crate) fn living(rows: Vec<KeyRow>) -> impl Iterator<Item = (KeyId, Vec<u8>)> {
    rows.into_iter()
        .filter(|row| row.facts.state != KeyState::Destroyed)
        .map(|row| (row.facts.id, row.wrapped))
}

impl KeyRing {
    /// The realm's keys, without the keys.
    pub(crate) fn keys_of(&self, realm: Realm) -> Result<RealmKeys, BrokerError> {
        self.report(&self.held().store, realm.into())
    }

    /// Gives the realm a new seed, and wraps its data keys with what comes of it. No record
    /// changes. A realm that is past epoch `from` stays as it is.
    pub(crate) fn rotate_realm(&self, realm: Realm, from: u32) -> Result<RealmKeys, BrokerError> {
        let storage = |_| BrokerError::Storage;
        let held = self.held();
        let key_realm = KeyRealm::from(realm);
        let (old, epoch) = self.wrapping_key(&held, key_realm)?;
        if epoch != from {
            return self.report(&held.store, key_realm);
        }
        let mut seed = [0u8; SEED_BYTES];
        self.entropy.fill(&mut seed);
        let next = epoch.checked_add(1).ok_or(BrokerError::Refused(Refusal::OutsideLimits))?;
        let homes = self.homes.as_ref();
        let new = self
            .root
            .wrapping_key(self.instance, key_realm, next, &seed, homes)
            .map_err(|_| BrokerError::Storage)?;
        let rows = held.store.keys_of(key_realm).map_err(storage)?;
        let keys = rewrap(&old, &new, living(rows), homes, self.entropy.as_ref());
        let keys = keys.map_err(|error| match error {
            UnwrapError::Open(error) => fault(error),
            UnwrapError::NoRoom(_) => BrokerError::Storage,
        })?;
        let new = Rewrapped { epoch: next, seed, keys };
        held.store.replace_epoch(key_realm, epoch, &new, self.clock.now()).map_err(storage)?;
        held.store.empty_log().map_err(storage)?;
        self.report(&held.store, key_realm)
    }

    /// Gives a scope a new active key in place of `from`, which retires. Where another key is
    /// active, nothing happens: two callers with one wish make one key.
    pub(crate) fn rotate_data_key(
        &self,
        realm: Realm,
        scope: DataScope,
        from: KeyId,
    ) -> Result<RealmKeys, BrokerError> {
        let storage = |_| BrokerError::Storage;
        let mut held = self.held();
        let key_realm = KeyRealm::from(realm);
        let report = self.report(&held.store, key_realm)?;
        let Some(old) = report.active().find(|key| key.scope == scope && key.id == from) else {
            return Ok(report);
        };
        let (wrapping, epoch) = self.wrapping_key(&held, key_realm)?;
        held.make_room();
        let key = self.random_key()?;
        let wrapped = wrapping
            .wrap(&key, self.entropy.as_ref())
            .map_err(|_| BrokerError::Refused(Refusal::OutsideLimits))?;
        let row = WrappedKey { id: key.id(), wrapped, destroyed: false };
        let now = self.clock.now();
        if held.store.replace_active(key_realm, old, &row, epoch, now).map_err(storage)? {
            held.active.insert((key_realm, scope), key.id());
            held.keep((key_realm, scope), key);
        }
        self.report(&held.store, key_realm)
    }

    /// Seals one record again under its scope's active key. The caller has made the opening durable
    /// in the journal.
    pub(crate) fn reseal(
        &self,
        realm: Realm,
        name: &RecordName,
        sealed: &[u8],
    ) -> Result<Sealed, BrokerError> {
        let place = (realm.into(), name.scope);
        let id = seal::envelope::key_id(sealed).map_err(fault)?;
        let active = self.active_key(place)?;
        if active.id() == id {
            return Ok(Sealed::from_envelope(sealed.to_vec()));
        }
        let context = self.context(realm, name);
        let value = self.named_key(place, id)?.open(&context, sealed).map_err(fault)?;
        let again = active
            .seal(&context, value.expose(), self.entropy.as_ref())
            .map_err(|_| BrokerError::Refused(Refusal::OutsideLimits))?;
        // What cannot be opened must never take the place of what can.
        let check = active.open(&context, &again).map_err(fault)?;
        if !check.same_as(&value) {
            return Err(BrokerError::CannotOpen(OpenFault::Damaged));
        }
        Ok(Sealed::from_envelope(again))
    }

    /// Destroys a key that retires. The caller has counted that no record is under it.
    pub(crate) fn destroy_key(&self, realm: Realm, key: KeyId) -> Result<RealmKeys, BrokerError> {
        let storage = |_| BrokerError::Storage;
        let mut held = self.held();
        let key_realm = KeyRealm::from(realm);
        let destroyed =
            held.store.destroy_retiring(key_realm, key, self.clock.now()).map_err(storage)?;
        held.forget_key(key_realm, key);
        let report = self.report(&held.store, key_realm)?;
        let known = |known: &&crate::rotation::KeyFacts| known.id == key;
        match report.keys.iter().find(known).map(|key| key.state) {
            Some(KeyState::Destroyed) => {
                if destroyed {
                    held.store.empty_log().map_err(storage)?;
                }
                Ok(report)
            }
            Some(_) => Err(BrokerError::Refused(Refusal::KeyInUse)),
            None => Err(BrokerError::CannotOpen(OpenFault::UnknownKey)),
        }
    }

    /// How many data keys an order would destroy; `None` when there is nothing of it here.
    pub(crate) fn count_target(&self, target: ShredTarget) -> Result<Option<u64>, BrokerError> {
        let held = self.held();
        let (ShredTarget::Realm(realm) | ShredTarget::Key { realm, .. }) = target;
        let rows = held.store.keys_of(realm.into()).map_err(|_| BrokerError::Storage)?;
        let seed = held.store.seed(realm.into()).map_err(|_| BrokerError::Storage)?;
        let living = rows.iter().filter(|row| row.facts.state != KeyState::Destroyed);
        Ok(match target {
            ShredTarget::Realm(_) => seed.map(|_| living.count() as u64),
            ShredTarget::Key { key, .. } => rows.iter().any(|row| row.facts.id == key).then_some(1),
        })
    }

    /// Carries an order out: in the key store, in the held keys, in the write-ahead log.
    pub(crate) fn carry_out(&self, target: ShredTarget) -> Result<(), BrokerError> {
        let mut held = self.held();
        let now = self.clock.now();
        let storage = |_| BrokerError::Storage;
        match target {
            ShredTarget::Realm(realm) => {
                held.store.shred_realm(realm.into(), now).map_err(storage)?;
                held.forget_realm(realm.into());
            }
            ShredTarget::Key { realm, key } => {
                held.store.destroy_ordered(realm.into(), key, now).map_err(storage)?;
                held.forget_key(realm.into(), key);
            }
        }
        held.store.settle().map_err(|_| BrokerError::Storage)
    }

    fn report(&self, store: &KeyStore, realm: KeyRealm) -> Result<RealmKeys, BrokerError> {
        let storage = |_| BrokerError::Storage;
        if store.is_shredded(realm).map_err(storage)? {
            return Err(BrokerError::Refused(Refusal::RealmShredded));
        }
        let unknown = || BrokerError::Refused(Refusal::RealmUnknown);
        let seed = store.seed(realm).map_err(storage)?.ok_or_else(unknown)?;
        let epoch_since = store.seed_made_at(realm).map_err(storage)?.ok_or_else(unknown)?;
        let rows = store.keys_of(realm).map_err(storage)?;
        let keys = rows.into_iter().map(|row| row.facts).collect();
        Ok(RealmKeys { epoch: seed.epoch, epoch_since, keys })
    }
}

impl Held {
    fn forget_key(&mut self, realm: KeyRealm, key: KeyId) {
        self.keys.retain(|((of, _), id), _| *of != realm || *id != key);
        self.active.retain(|(of, _), id| *of != realm || *id != key);
    }

    fn forget_realm(&mut self, realm: KeyRealm) {
        self.keys.retain(|((of, _), _), _| *of != realm);
        self.active.retain(|(of, _), _| *of != realm);
    }
}

/// Every order of the ledger, carried out on a store that nobody serves yet.
pub(crate) fn replay(
    store: &KeyStore,
    orders: &[crate::shred_ledger::Order],
) -> Result<(), crate::start_error::StartError> {
    let failed = |_| store.damaged("an order of the shred ledger could not be carried out");
    for order in orders {
        match order.target {
            ShredTarget::Realm(realm) => {
                store.shred_realm(realm.into(), order.at).map_err(failed)?;
            }
            ShredTarget::Key { realm, key } => {
                store.destroy_ordered(realm.into(), key, order.at).map_err(failed)?;
            }
        }
    }
    store.set_orders(orders.len() as u64).map_err(failed)?;
    if orders.is_empty() { Ok(()) } else { store.settle() }
}

/// The wrapping key of a realm as the store has it, under a root key.
pub(crate) fn wrapping_key_of(
    root: &RootKey,
    instance: domain::InstanceId,
    realm: KeyRealm,
    seed: &crate::key_store::Seed,
    homes: &dyn KeyHomes,
) -> Result<WrappingKey, seal::NoRoom> {
    root.wrapping_key(instance, realm, seed.epoch, &seed.bytes, homes)
}

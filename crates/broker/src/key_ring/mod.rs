//! The keys at hand: the root key, and the data keys that were unwrapped lately, all in locked
//! memory.
//!
//! Always true
//! 1. A data key is found by id inside one realm and one scope; it is never tried on a record of
//!    another.
//! 2. A new data key is on the disk before it seals anything.
//! 3. At most [`CACHED_KEYS_MAX`] data keys are held; the one unused for longest makes room.

mod rotation;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Clock, Entropy, InstanceId, Sealed};
use seal::root::SEED_BYTES;
use seal::{
    Context, DataKey, Exposed, KeyHomes, KeyId, KeyRealm, OpenError, RootKey, UnwrapError,
    WrappingKey,
};

use crate::error::{BrokerError, OpenFault, Refusal};
use crate::key_store::{KeyStore, WrappedKey};
use crate::record::{DataScope, Realm, RecordName};

pub(crate) use rotation::{living, replay, rewrap, wrapping_key_of};

/// Data keys held at once. The rest of the arena is for instance keys, wrapping keys in use and the
/// root key.
pub(crate) const CACHED_KEYS_MAX: usize = 896;
const _: () = assert!(CACHED_KEYS_MAX + 128 <= crate::process::KEY_PLACES);

type Place = (KeyRealm, DataScope);

/// All keys of the process.
pub(crate) struct KeyRing {
    instance: InstanceId,
    root: RootKey,
    homes: Arc<dyn KeyHomes>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

struct Held {
    store: KeyStore,
    active: HashMap<Place, KeyId>,
    keys: HashMap<(Place, KeyId), Use>,
    uses: u64,
}

struct Use {
    key: Arc<DataKey>,
    last: u64,
}

impl From<Realm> for KeyRealm {
    fn from(realm: Realm) -> Self {
        match realm {
            Realm::Tenant(tenant) => Self::Tenant(tenant),
            Realm::Person(user) => Self::Person(user),
        }
    }
}

impl KeyRing {
    pub(crate) fn new(
        instance: InstanceId,
        root: RootKey,
        store: KeyStore,
        homes: Arc<dyn KeyHomes>,
        entropy: Arc<dyn Entropy>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let held = Held { store, active: HashMap::new(), keys: HashMap::new(), uses: 0 };
        Self { instance, root, homes, entropy, clock, held: Mutex::new(held) }
    }

    pub(crate) const fn instance(&self) -> InstanceId {
        self.instance
    }

    pub(crate) const fn root(&self) -> &RootKey {
        &self.root
    }

    /// Runs `work` on the key store, one caller at a time.
    pub(crate) fn with_store<T>(
        &self,
        work: impl FnOnce(&KeyStore) -> rusqlite::Result<T>,
    ) -> Result<T, BrokerError> {
        work(&self.held().store).map_err(|_| BrokerError::Storage)
    }

    /// Runs `work` on the key store and the root key, one caller at a time, with the store's own
    /// errors.
    pub(crate) fn with_whole_store<T, E>(
        &self,
        work: impl FnOnce(&KeyStore, &RootKey) -> Result<T, E>,
    ) -> Result<T, E> {
        work(&self.held().store, &self.root)
    }

    /// Makes the realm's first seed, unless it has one.
    pub(crate) fn create_realm(&self, realm: Realm) -> Result<(), BrokerError> {
        let mut seed = [0u8; SEED_BYTES];
        self.entropy.fill(&mut seed);
        let now = self.clock.now();
        let held = self.held();
        let storage = |_| BrokerError::Storage;
        if held.store.is_shredded(realm.into()).map_err(storage)? {
            return Err(BrokerError::Refused(Refusal::RealmShredded));
        }
        held.store.create_realm(realm.into(), &seed, now).map_err(storage)
    }

    /// Seals values under the active data keys of their scopes.
    pub(crate) fn seal(
        &self,
        realm: Realm,
        records: &[(RecordName, &Exposed)],
    ) -> Result<Vec<Sealed>, BrokerError> {
        let outside = |_| BrokerError::Refused(Refusal::OutsideLimits);
        let sealed = records.iter().map(|(name, value)| {
            let key = self.active_key((realm.into(), name.scope))?;
            let context = self.context(realm, name);
            key.seal(&context, value.expose(), self.entropy.as_ref())
                .map(Sealed::from_envelope)
                .map_err(outside)
        });
        sealed.collect()
    }

    /// Opens one record. The caller has made the opening durable in the journal.
    pub(crate) fn open(
        &self,
        realm: Realm,
        name: &RecordName,
        sealed: &[u8],
    ) -> Result<Exposed, BrokerError> {
        let id = seal::envelope::key_id(sealed).map_err(fault)?;
        let key = self.named_key((realm.into(), name.scope), id)?;
        key.open(&self.context(realm, name), sealed).map_err(fault)
    }

    fn context(&self, realm: Realm, name: &RecordName) -> Context<'static> {
        Context {
            instance: self.instance,
            realm: realm.into(),
            kind: name.kind.as_str(),
            record: name.id.into_bytes(),
            version: name.version,
        }
    }

    fn active_key(&self, place: Place) -> Result<Arc<DataKey>, BrokerError> {
        let mut held = self.held();
        if let Some(id) = held.active.get(&place).copied()
            && let Some(key) = held.used(place, id)
        {
            return Ok(key);
        }
        let storage = |_| BrokerError::Storage;
        let (realm, scope) = place;
        let (wrapping, epoch) = self.wrapping_key(&held, realm)?;
        let key = match held.store.active_key(realm, scope).map_err(storage)? {
            Some(row) => self.unwrap(&mut held, &wrapping, &row)?,
            None => self.new_key(&mut held, &wrapping, place, epoch)?,
        };
        held.active.insert(place, key.id());
        Ok(held.keep(place, key))
    }

    fn named_key(&self, place: Place, id: KeyId) -> Result<Arc<DataKey>, BrokerError> {
        let mut held = self.held();
        if let Some(key) = held.used(place, id) {
            return Ok(key);
        }
        let (realm, scope) = place;
        let (wrapping, _) = self.wrapping_key(&held, realm)?;
        let row = held.store.key(realm, scope, id).map_err(|_| BrokerError::Storage)?;
        let row = row.ok_or(BrokerError::CannotOpen(OpenFault::UnknownKey))?;
        if row.destroyed {
            return Err(BrokerError::CannotOpen(OpenFault::RetiredKey));
        }
        let key = self.unwrap(&mut held, &wrapping, &row)?;
        Ok(held.keep(place, key))
    }

    fn new_key(
        &self,
        held: &mut Held,
        wrapping: &WrappingKey,
        (realm, scope): Place,
        epoch: u32,
    ) -> Result<DataKey, BrokerError> {
        held.make_room();
        let key = self.random_key()?;
        let wrapped = wrapping
            .wrap(&key, self.entropy.as_ref())
            .map_err(|_| BrokerError::Refused(Refusal::OutsideLimits))?;
        let row = WrappedKey { id: key.id(), wrapped, destroyed: false };
        let now = self.clock.now();
        held.store.insert_key(realm, scope, epoch, &row, now).map_err(|_| BrokerError::Storage)?;
        Ok(key)
    }

    fn random_key(&self) -> Result<DataKey, BrokerError> {
        DataKey::random(self.homes.as_ref(), self.entropy.as_ref())
            .map_err(|_| BrokerError::Storage)
    }

    fn unwrap(
        &self,
        held: &mut Held,
        wrapping: &WrappingKey,
        row: &WrappedKey,
    ) -> Result<DataKey, BrokerError> {
        held.make_room();
        wrapping.unwrap(row.id, &row.wrapped, self.homes.as_ref()).map_err(|error| match error {
            UnwrapError::Open(error) => fault(error),
            UnwrapError::NoRoom(_) => BrokerError::Storage,
        })
    }

    fn wrapping_key(
        &self,
        held: &Held,
        realm: KeyRealm,
    ) -> Result<(WrappingKey, u32), BrokerError> {
        let seed = held.store.seed(realm).map_err(|_| BrokerError::Storage)?;
        let Some(seed) = seed else {
            let shredded = held.store.is_shredded(realm).map_err(|_| BrokerError::Storage)?;
            return Err(BrokerError::Refused(if shredded {
                Refusal::RealmShredded
            } else {
                Refusal::RealmUnknown
            }));
        };
        wrapping_key_of(&self.root, self.instance, realm, &seed, self.homes.as_ref())
            .map(|key| (key, seed.epoch))
            .map_err(|_| BrokerError::Storage)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn used(&mut self, place: Place, id: KeyId) -> Option<Arc<DataKey>> {
        self.uses += 1;
        let found = self.keys.get_mut(&(place, id))?;
        found.last = self.uses;
        Some(Arc::clone(&found.key))
    }

    fn keep(&mut self, place: Place, key: DataKey) -> Arc<DataKey> {
        self.uses += 1;
        let id = key.id();
        let key = Arc::new(key);
        self.keys.insert((place, id), Use { key: Arc::clone(&key), last: self.uses });
        key
    }

    fn make_room(&mut self) {
        if self.keys.len() >= CACHED_KEYS_MAX {
            let oldest = self.keys.iter().min_by_key(|(_, used)| used.last).map(|(name, _)| *name);
            oldest.and_then(|name| self.keys.remove(&name));
        }
    }
}

/// An operator may know why an envelope did not open; the ids in the message stay out of the
/// protocol.
fn fault(error: OpenError) -> BrokerError {
    BrokerError::CannotOpen(match error {
        OpenError::NotAnEnvelope => OpenFault::NotAnEnvelope,
        OpenError::NewerFormat => OpenFault::NewerFormat,
        OpenError::UnknownKey(_) => OpenFault::UnknownKey,
        OpenError::RetiredKey(_) => OpenFault::RetiredKey,
        OpenError::NotThisRecord => OpenFault::NotThisRecord,
        OpenError::Damaged => OpenFault::Damaged,
    })
}

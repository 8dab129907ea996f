//! The root key and the wrapping keys below it.
//!
//! Always true
//! 1. A realm's wrapping key depends on a random seed as well as on the root key: destroying the
//!    seed destroys the realm's data keys even for someone who holds the root key.
//! 2. A data key is stored only inside an envelope under its realm's wrapping key.

use domain::{Entropy, InstanceId};
use zeroize::Zeroizing;

use crate::context::{Context, KeyRealm};
use crate::envelope::{self, OpenError, SealError};
use crate::kdf::{self, Info};
use crate::key::{KEY_BYTES, Key, KeyHomes, KeyId, NoRoom};

/// Bytes of a realm's seed.
pub const SEED_BYTES: usize = 32;

/// The key above all others of one installation.
pub struct RootKey {
    key: Key,
    id: KeyId,
}

impl RootKey {
    /// The root key with these bytes.
    #[must_use]
    pub fn new(key: Key) -> Self {
        let id = key.fingerprint("casemate.v1 root key id");
        Self { key, id }
    }

    /// Its public name, derived from it.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// A second one-way value beside the id, kept with the keys it opens: both must fit before a
    /// start.
    #[must_use]
    pub fn check_value(&self) -> KeyId {
        self.key.fingerprint("casemate.v1 root key check")
    }

    /// The wrapping key of a realm's epoch, in a home of its own.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn wrapping_key(
        &self,
        instance: InstanceId,
        realm: KeyRealm,
        epoch: u32,
        seed: &[u8; SEED_BYTES],
        homes: &dyn KeyHomes,
    ) -> Result<WrappingKey, NoRoom> {
        let (kind, realm_id) = realm.parts();
        let info = Info::new("casemate.v1 wrapping key")
            .part(&instance.to_bytes())
            .part(kind.as_bytes())
            .part(&realm_id)
            .part(&epoch.to_be_bytes());
        let mut home = homes.home()?;
        kdf::extract_and_expand(seed, self.key.bytes(), &info, home.bytes_mut());
        let key = Key::held_in(home);
        let id = key.fingerprint("casemate.v1 wrapping key id");
        Ok(WrappingKey { key, id, instance, realm })
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }
}

/// The key that wraps a realm's data keys. Derived when needed, never stored.
pub struct WrappingKey {
    key: Key,
    id: KeyId,
    instance: InstanceId,
    realm: KeyRealm,
}

impl WrappingKey {
    /// Wraps a data key under its own id.
    ///
    /// # Errors
    /// Never [`SealError::TooLarge`]: a key is far below the limit.
    pub fn wrap(&self, key: &DataKey, entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        envelope::seal(&self.key, self.id, &self.context(key.id), key.key.bytes(), entropy)
    }

    /// Unwraps the data key of this id into a home of its own.
    ///
    /// # Errors
    /// As [`envelope::open`]; [`OpenError::Damaged`] also for a value that is no key.
    pub fn unwrap(
        &self,
        id: KeyId,
        wrapped: &[u8],
        homes: &dyn KeyHomes,
    ) -> Result<DataKey, UnwrapError> {
        if envelope::key_id(wrapped)? != self.id {
            return Err(OpenError::NotThisRecord.into());
        }
        let opened = envelope::open(&self.key, &self.context(id), wrapped)?;
        let bytes: &[u8; KEY_BYTES] = opened.expose().try_into().map_err(|_| OpenError::Damaged)?;
        let mut copy = Zeroizing::new(*bytes);
        Ok(DataKey { id, key: Key::moved(homes, &mut copy)? })
    }

    fn context(&self, id: KeyId) -> Context<'static> {
        Context {
            instance: self.instance,
            realm: self.realm,
            kind: "data_key",
            record: id.to_bytes(),
            version: 1,
        }
    }
}

/// Why a data key did not unwrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// The envelope around it did not open.
    #[error("the key did not unwrap: {0}")]
    Open(#[from] OpenError),
    /// There is no room to hold it.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

/// A random key that seals the records of one scope, with its id.
pub struct DataKey {
    id: KeyId,
    key: Key,
}

impl DataKey {
    /// A new random data key.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn random(homes: &dyn KeyHomes, entropy: &dyn Entropy) -> Result<Self, NoRoom> {
        Ok(Self { id: KeyId::random(entropy), key: Key::random(homes, entropy)? })
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself, for a signature or a MAC inside the broker.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Seals a value; the envelope carries this key's id.
    ///
    /// # Errors
    /// [`SealError::TooLarge`].
    pub fn seal(
        &self,
        context: &Context<'_>,
        value: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        envelope::seal(&self.key, self.id, context, value, entropy)
    }

    /// Opens a value that was sealed with this key.
    ///
    /// # Errors
    /// [`OpenError::UnknownKey`] when the envelope names another key; else as [`envelope::open`].
    pub fn open(&self, context: &Context<'_>, sealed: &[u8]) -> Result<crate::Exposed, OpenError> {
        let named = envelope::key_id(sealed)?;
        if named != self.id {
            return Err(OpenError::UnknownKey(named));
        }
        envelope::open(&self.key, context, sealed)
    }
}

#[cfg(test)]
mod tests;

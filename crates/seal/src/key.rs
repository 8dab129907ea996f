//! 32-byte keys, where they lie, and the names that tell one from another.
//!
//! Always true
//! 1. A key's bytes lie in a [`KeyHome`], which wipes them; the broker's lies in locked memory.
//! 2. A [`KeyId`] is public. The id of a root key is derived from it one way, so a wrong key is
//!    noticed before anything is opened with it, and the message can say which one is expected.

use std::fmt;

use data_encoding::HEXLOWER;
use domain::Entropy;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::kdf::{self, Info};

/// Bytes of every key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a key's id.
pub const KEY_ID_BYTES: usize = 16;

/// Names a key. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The id's bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; KEY_ID_BYTES] {
        self.0
    }

    /// A new random id.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0u8; KEY_ID_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads the 32 lower-case hexadecimal digits that [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A place that holds one key's bytes and wipes them when dropped.
pub trait KeyHome: Send + Sync {
    /// The key.
    fn bytes(&self) -> &[u8; KEY_BYTES];
    /// The key, to be written once.
    fn bytes_mut(&mut self) -> &mut [u8; KEY_BYTES];
}

/// Gives out homes for keys.
pub trait KeyHomes: Send + Sync {
    /// A home of zeroes.
    ///
    /// # Errors
    /// [`NoRoom`] when every place is taken.
    fn home(&self) -> Result<Box<dyn KeyHome>, NoRoom>;
}

/// No place is left for another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the locked memory for keys is full")]
pub struct NoRoom;

/// A key in its home. No `Debug`, `Clone`, `Serialize` or `PartialEq`.
pub struct Key(Box<dyn KeyHome>);

impl Key {
    /// The key that `home` already holds.
    #[must_use]
    pub fn held_in(home: Box<dyn KeyHome>) -> Self {
        Self(home)
    }

    /// A new random key.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn random(homes: &dyn KeyHomes, entropy: &dyn Entropy) -> Result<Self, NoRoom> {
        let mut home = homes.home()?;
        entropy.fill(home.bytes_mut());
        Ok(Self(home))
    }

    /// A key with these bytes; the source is wiped.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn moved(homes: &dyn KeyHomes, source: &mut [u8; KEY_BYTES]) -> Result<Self, NoRoom> {
        let home = homes.home();
        let moved = home.map(|mut home| {
            home.bytes_mut().copy_from_slice(source);
            Self(home)
        });
        source.zeroize();
        moved
    }

    /// The key's bytes, for a primitive of the crypto library.
    #[must_use]
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.bytes()
    }

    /// The one-way name of this key under `label`.
    pub(crate) fn fingerprint(&self, label: &str) -> KeyId {
        let mut id = [0u8; KEY_ID_BYTES];
        kdf::expand(self.bytes(), &Info::new(label), &mut id);
        KeyId(id)
    }
}

/// Ordinary memory that wipes itself: for the CLI's sealed files, setup's short life, and tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeapHomes;

struct HeapHome(Zeroizing<[u8; KEY_BYTES]>);

impl KeyHome for HeapHome {
    fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn bytes_mut(&mut self) -> &mut [u8; KEY_BYTES] {
        &mut self.0
    }
}

impl KeyHomes for HeapHomes {
    fn home(&self) -> Result<Box<dyn KeyHome>, NoRoom> {
        Ok(Box::new(HeapHome(Zeroizing::new([0; KEY_BYTES]))))
    }
}

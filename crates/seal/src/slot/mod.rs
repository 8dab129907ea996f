//! Slots: ways to hold the root key, any one of which opens it.
//!
//! ```text
//! casemate slot 1
//! kind passphrase
//! id 0f5c…            (32 hexadecimal digits)
//! instance 0192…      (the installation's id)
//! root 9c41…          (id of the root key inside)
//! cost 65536 3 4      (Argon2id: KiB, passes, lanes; zeroes for other kinds)
//! salt 77aa…          (64 hexadecimal digits)
//! sealed Q21Fd…       (envelope, base64)
//! ```
//!
//! Always true
//! 1. Every line is bound into the key that opens the envelope: a changed cost, kind or id does not
//!    open.
//! 2. A slot file has one spelling; anything else is refused, not repaired.
//! 3. A wrong key file or passphrase is told apart from a damaged slot.

mod text;

use std::fmt;

use domain::{Entropy, InstanceId};
use zeroize::Zeroizing;

use crate::context::{Context, KeyRealm};
use crate::envelope::{self, OpenError};
use crate::exposed::Exposed;
use crate::kdf::{self, Info};
use crate::key::{KEY_BYTES, Key, KeyHomes, KeyId, NoRoom};
use crate::passphrase::{self, PASSPHRASE_SALT_BYTES, PassphraseCost};
use crate::recovery::RecoveryCode;
use crate::root::RootKey;

pub use text::SLOT_FILE_BYTES_MAX;

/// What opens a slot.
pub enum SlotSecret<'a> {
    /// The key in a key file.
    KeyFile(&'a Key),
    /// A passphrase, exactly as typed.
    Passphrase(&'a Exposed),
    /// The recovery code.
    Recovery(&'a RecoveryCode),
}

/// Kinds of slot, as the file names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A key file.
    KeyFile,
    /// A passphrase.
    Passphrase,
    /// The recovery code.
    Recovery,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::KeyFile, Self::Passphrase, Self::Recovery];

    /// The word in the slot file, and the slot file's own name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyFile => "key-file",
            Self::Passphrase => "passphrase",
            Self::Recovery => "recovery",
        }
    }
}

/// Why a slot was not read or did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// The file is no slot, or not spelled as one.
    #[error("it is not a slot file")]
    NotASlot,
    /// A newer release wrote it.
    #[error("a newer release wrote the slot file")]
    NewerFormat,
    /// The secret is of another kind than the slot.
    #[error("the slot is of another kind")]
    OtherKind,
    /// The key file, passphrase or code is not this slot's, or a line of the file was changed.
    #[error("the key does not open this slot")]
    WrongSecret,
    /// The secret is right and the sealed root key is damaged.
    #[error("the slot file is damaged")]
    Damaged,
    /// There is no room to hold the root key.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

/// One way to hold one root key.
#[derive(Clone, PartialEq, Eq)]
pub struct Slot {
    kind: Kind,
    id: KeyId,
    instance: InstanceId,
    root: KeyId,
    cost: Option<PassphraseCost>,
    salt: [u8; PASSPHRASE_SALT_BYTES],
    sealed: Vec<u8>,
}

impl Slot {
    /// A new slot that holds `root` under `secret`. A passphrase gets [`PassphraseCost::STANDARD`].
    ///
    /// # Errors
    /// [`SlotError::NoRoom`].
    pub fn close(
        secret: &SlotSecret<'_>,
        instance: InstanceId,
        root: &RootKey,
        homes: &dyn KeyHomes,
        entropy: &dyn Entropy,
    ) -> Result<Self, SlotError> {
        let kind = secret.kind();
        let mut salt = [0u8; PASSPHRASE_SALT_BYTES];
        entropy.fill(&mut salt);
        let mut slot = Self {
            kind,
            id: KeyId::random(entropy),
            instance,
            root: root.id(),
            cost: (kind == Kind::Passphrase).then_some(PassphraseCost::STANDARD),
            salt,
            sealed: Vec::new(),
        };
        let key = slot.key(secret, homes)?;
        slot.sealed = envelope::seal(&key, slot.id, &slot.context(), root.key().bytes(), entropy)
            .map_err(|_| SlotError::Damaged)?;
        Ok(slot)
    }

    /// The root key inside.
    ///
    /// # Errors
    /// [`SlotError::OtherKind`], [`SlotError::WrongSecret`], [`SlotError::Damaged`],
    /// [`SlotError::NoRoom`].
    pub fn open(
        &self,
        secret: &SlotSecret<'_>,
        homes: &dyn KeyHomes,
    ) -> Result<RootKey, SlotError> {
        if secret.kind() != self.kind {
            return Err(SlotError::OtherKind);
        }
        let key = self.key(secret, homes)?;
        let opened = envelope::open(&key, &self.context(), &self.sealed)?;
        let bytes: &[u8; KEY_BYTES] = opened.expose().try_into().map_err(|_| SlotError::Damaged)?;
        let mut copy = Zeroizing::new(*bytes);
        let root = RootKey::new(Key::moved(homes, &mut copy)?);
        if root.id() == self.root { Ok(root) } else { Err(SlotError::Damaged) }
    }

    /// Reads a slot file.
    ///
    /// # Errors
    /// [`SlotError::NotASlot`] for any but the one spelling, [`SlotError::NewerFormat`].
    pub fn parse(file: &str) -> Result<Self, SlotError> {
        text::parse(file)
    }

    /// What kind of secret opens it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The id of the root key inside, as the file says.
    #[must_use]
    pub const fn root(&self) -> KeyId {
        self.root
    }

    /// The installation it belongs to.
    #[must_use]
    pub const fn instance(&self) -> InstanceId {
        self.instance
    }

    fn context(&self) -> Context<'static> {
        Context {
            instance: self.instance,
            realm: KeyRealm::Platform,
            kind: "root_key",
            record: self.root.to_bytes(),
            version: 1,
        }
    }

    fn key(&self, secret: &SlotSecret<'_>, homes: &dyn KeyHomes) -> Result<Key, SlotError> {
        let cost = self.cost.map_or([0; 3], PassphraseCost::parts);
        let mut info = Info::new("casemate.v1 slot key")
            .part(self.kind.as_str().as_bytes())
            .part(&self.id.to_bytes())
            .part(&self.instance.to_bytes())
            .part(&self.root.to_bytes());
        for number in cost {
            info = info.part(&number.to_be_bytes());
        }
        let mut home = homes.home()?;
        let stretched;
        let input = match (secret, self.cost) {
            (SlotSecret::KeyFile(key), _) => key.bytes().as_slice(),
            (SlotSecret::Recovery(code), _) => code.bytes(),
            (SlotSecret::Passphrase(passphrase), Some(cost)) => {
                stretched = passphrase::stretch(passphrase, &self.salt, cost)
                    .map_err(|_| SlotError::NotASlot)?;
                stretched.as_slice()
            }
            (SlotSecret::Passphrase(_), None) => return Err(SlotError::OtherKind),
        };
        kdf::extract_and_expand(&self.salt, input, &info, home.bytes_mut());
        Ok(Key::held_in(home))
    }
}

impl SlotSecret<'_> {
    const fn kind(&self) -> Kind {
        match self {
            Self::KeyFile(_) => Kind::KeyFile,
            Self::Passphrase(_) => Kind::Passphrase,
            Self::Recovery(_) => Kind::Recovery,
        }
    }
}

impl From<OpenError> for SlotError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotAnEnvelope => Self::NotASlot,
            OpenError::NewerFormat => Self::NewerFormat,
            OpenError::UnknownKey(_) | OpenError::RetiredKey(_) | OpenError::NotThisRecord => {
                Self::WrongSecret
            }
            OpenError::Damaged => Self::Damaged,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(self, f)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({} of root {})", self.kind.as_str(), self.root)
    }
}

#[cfg(test)]
mod tests;

//! Slots: ways to hold the root key, any one of which opens it.
//!
//! ```text
//! casemate slot 1      (2 for the kinds after the first three)
//! kind passphrase
//! id 0f5c…            (32 hexadecimal digits)
//! instance 0192…      (the installation's id)
//! root 9c41…          (id of the root key inside)
//! cost 65536 3 4      (Argon2id: KiB, passes, lanes; other kinds have lines of their own)
//! salt 77aa…          (64 hexadecimal digits)
//! sealed Q21Fd…       (envelope, base64)
//! ```
//!
//! Always true
//! 1. Every line is bound into the key that opens the envelope: a changed cost, kind, recipient,
//!    threshold or id does not open.
//! 2. A slot file has one spelling; anything else is refused, not repaired.
//! 3. A wrong key file, passphrase or share is told apart from a damaged slot.

mod age;
mod share;
mod text;
mod way;

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

pub use age::{AgeIdentities, AgeRecipient, IDENTITY_FILE_BYTES_MAX, NotARecipient, NotAnIdentity};
pub use share::{
    SHARES_FILE_BYTES_MAX, SHARES_MAX, Share, ShareError, ShareSetError, Shares, Split,
    SplitOutsideLimits, THRESHOLD_MIN,
};
pub use text::SLOT_FILE_BYTES_MAX;
pub use way::{Kind, NAME_BYTES_MAX, Name, NotAName, WRAPPED_BYTES_MAX, Way};

/// What opens a slot.
pub enum SlotSecret<'a> {
    /// The key in a key file.
    KeyFile(&'a Key),
    /// A passphrase, exactly as typed.
    Passphrase(&'a Exposed),
    /// The recovery code.
    Recovery(&'a RecoveryCode),
    /// The identities of an age file.
    Age(&'a AgeIdentities),
    /// The shares that were brought together.
    Shamir(&'a Shares),
    /// The wrapping key of a slot whose kind keeps it elsewhere: a credential, a service, a token,
    /// a TPM.
    Wrapping(Kind, &'a Key),
}

/// Where a new slot's lines and its id come from.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// The installation.
    pub instance: InstanceId,
    /// What the slot will hold.
    pub root: &'a RootKey,
    /// Where keys lie meanwhile.
    pub homes: &'a dyn KeyHomes,
    /// Where salts and keys come from.
    pub entropy: &'a dyn Entropy,
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
    /// The shares do not make a set for this slot.
    #[error(transparent)]
    Shares(#[from] ShareSetError),
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
    id: KeyId,
    instance: InstanceId,
    root: KeyId,
    way: Way,
    salt: [u8; PASSPHRASE_SALT_BYTES],
    sealed: Vec<u8>,
}

impl Slot {
    /// A new slot that holds `root` under a key file, passphrase or recovery code. A passphrase
    /// gets [`PassphraseCost::STANDARD`].
    ///
    /// # Errors
    /// [`SlotError::NoRoom`]; [`SlotError::OtherKind`] for the kinds that have a maker of their
    /// own.
    pub fn close(
        secret: &SlotSecret<'_>,
        instance: InstanceId,
        root: &RootKey,
        homes: &dyn KeyHomes,
        entropy: &dyn Entropy,
    ) -> Result<Self, SlotError> {
        let way = match secret {
            SlotSecret::KeyFile(_) => Way::KeyFile,
            SlotSecret::Passphrase(_) => Way::Passphrase(PassphraseCost::STANDARD),
            SlotSecret::Recovery(_) => Way::Recovery,
            _ => return Err(SlotError::OtherKind),
        };
        let making = Making { instance, root, homes, entropy };
        Self::empty(&making, KeyId::random(entropy), way).filled(secret, &making)
    }

    /// A new slot that whoever has the recipient's identity opens. Nobody here can try it.
    ///
    /// # Errors
    /// [`SlotError::NoRoom`].
    pub fn close_for_age(recipient: AgeRecipient, making: &Making<'_>) -> Result<Self, SlotError> {
        let key = Key::random(making.homes, making.entropy)?;
        let wrapped = recipient.wrap(&key)?;
        let way = Way::Age { recipient, wrapped };
        let slot = Self::empty(making, KeyId::random(making.entropy), way);
        slot.filled(&SlotSecret::Wrapping(Kind::Age, &key), making)
    }

    /// A new slot and its shares, which exist nowhere else.
    ///
    /// # Errors
    /// [`SlotError::NoRoom`].
    pub fn close_for_shares(
        split: Split,
        making: &Making<'_>,
    ) -> Result<(Self, Vec<Share>), SlotError> {
        let key = Key::random(making.homes, making.entropy)?;
        let id = KeyId::random(making.entropy);
        let shares = Share::all_of(id, split, key.bytes(), making.entropy);
        let slot = Self::empty(making, id, Way::Shamir(split));
        Ok((slot.filled(&SlotSecret::Wrapping(Kind::Shamir, &key), making)?, shares))
    }

    /// A new slot under a wrapping key that is kept elsewhere, as `way` says.
    ///
    /// # Errors
    /// [`SlotError::NoRoom`]; [`SlotError::OtherKind`] for a kind that keeps none elsewhere.
    pub fn close_elsewhere(
        way: Way,
        wrapping: &Key,
        making: &Making<'_>,
    ) -> Result<Self, SlotError> {
        let kind = way.kind();
        if !matches!(kind, Kind::Credential | Kind::Kms | Kind::Pkcs11 | Kind::Tpm) {
            return Err(SlotError::OtherKind);
        }
        let slot = Self::empty(making, KeyId::random(making.entropy), way);
        slot.filled(&SlotSecret::Wrapping(kind, wrapping), making)
    }

    fn empty(making: &Making<'_>, id: KeyId, way: Way) -> Self {
        let mut salt = [0u8; PASSPHRASE_SALT_BYTES];
        making.entropy.fill(&mut salt);
        let (instance, root) = (making.instance, making.root.id());
        Self { id, instance, root, way, salt, sealed: Vec::new() }
    }

    fn filled(mut self, secret: &SlotSecret<'_>, making: &Making<'_>) -> Result<Self, SlotError> {
        let key = self.key(secret, making.homes)?;
        let (context, bytes) = (self.context(), making.root.key().bytes());
        self.sealed = envelope::seal(&key, self.id, &context, bytes, making.entropy)
            .map_err(|_| SlotError::Damaged)?;
        Ok(self)
    }

    /// The root key inside.
    ///
    /// # Errors
    /// [`SlotError::OtherKind`], [`SlotError::WrongSecret`], [`SlotError::Shares`],
    /// [`SlotError::Damaged`], [`SlotError::NoRoom`].
    pub fn open(
        &self,
        secret: &SlotSecret<'_>,
        homes: &dyn KeyHomes,
    ) -> Result<RootKey, SlotError> {
        if secret.kind() != self.kind() {
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
        self.way.kind()
    }

    /// How it is opened, with what is public about it.
    #[must_use]
    pub const fn way(&self) -> &Way {
        &self.way
    }

    /// Its own id, new at every turn of its secret.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
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
        let info = self.info();
        let mut home = homes.home()?;
        let (stretched, combined, unwrapped);
        let input = match (secret, &self.way) {
            (SlotSecret::KeyFile(key) | SlotSecret::Wrapping(_, key), _) => key.bytes().as_slice(),
            (SlotSecret::Recovery(code), _) => code.bytes(),
            (SlotSecret::Passphrase(passphrase), Way::Passphrase(cost)) => {
                stretched = passphrase::stretch(passphrase, &self.salt, *cost)
                    .map_err(|_| SlotError::NotASlot)?;
                stretched.as_slice()
            }
            (SlotSecret::Age(identities), Way::Age { wrapped, .. }) => {
                unwrapped = identities.unwrap(wrapped, homes)?;
                unwrapped.bytes().as_slice()
            }
            (SlotSecret::Shamir(shares), Way::Shamir(split)) => {
                combined = shares.combined(self.id, *split)?;
                combined.as_slice()
            }
            _ => return Err(SlotError::OtherKind),
        };
        kdf::extract_and_expand(&self.salt, input, &info, home.bytes_mut());
        Ok(Key::held_in(home))
    }

    /// Every line of the slot file but the salt and the envelope.
    fn info(&self) -> Info {
        let kind = self.kind();
        let ids = |info: Info| {
            info.part(kind.as_str().as_bytes())
                .part(&self.id.to_bytes())
                .part(&self.instance.to_bytes())
                .part(&self.root.to_bytes())
        };
        if kind.format() > 1 {
            let lines = self.way.lines();
            let info = ids(Info::new("casemate.v2 slot key"));
            return lines.iter().fold(info, |info, (_, value)| info.part(value.as_bytes()));
        }
        let cost = match self.way {
            Way::Passphrase(cost) => cost.parts(),
            _ => [0; 3],
        };
        let info = ids(Info::new("casemate.v1 slot key"));
        cost.iter().fold(info, |info, number| info.part(&number.to_be_bytes()))
    }
}

impl SlotSecret<'_> {
    /// The kind of slot that it opens.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::KeyFile(_) => Kind::KeyFile,
            Self::Passphrase(_) => Kind::Passphrase,
            Self::Recovery(_) => Kind::Recovery,
            Self::Age(_) => Kind::Age,
            Self::Shamir(_) => Kind::Shamir,
            Self::Wrapping(kind, _) => *kind,
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
        write!(f, "Slot({} of root {})", self.kind().as_str(), self.root)
    }
}

#[cfg(test)]
mod tests;

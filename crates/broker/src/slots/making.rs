//! A new slot and what opens it, before either lies anywhere.

use std::path::PathBuf;

use seal::slot::{AgeRecipient, Making, Name, Share, Split, Way};
use seal::{Exposed, Key, KeyHomes, RecoveryCode, RootKey, Slot, SlotSecret, key_file};

use super::change::SlotChangeError;
use super::errand::{self, Act, Errands, Place};
use super::given::{GivenError, open_with};
use super::unlock::staged_key;
use super::{give_to_folders_owner, move_into_place, replace_private, write_private};
use crate::start_error::StartError;
use crate::status::{ElsewhereFault, SlotKind};

/// The secret of a slot that is made or turned.
pub enum NewSlot {
    /// A new key file at this path.
    KeyFile(PathBuf),
    /// This passphrase.
    Passphrase(Exposed),
    /// A new recovery code.
    Recovery,
    /// Whoever has the identity of this recipient.
    Age(AgeRecipient),
    /// New shares.
    Shamir(Split),
    /// A key file for the service manager to encrypt: a credential of this name, put at a path.
    Credential {
        /// The credential's name.
        name: Name,
        /// Where its content is written, for its owner alone.
        out: PathBuf,
    },
    /// A key that a key management service wraps.
    Kms {
        /// `https://host:port`.
        address: Name,
        /// Where transit is mounted.
        mount: Name,
        /// The key there.
        key: Name,
    },
    /// A key that a PKCS#11 token wraps.
    Pkcs11 {
        /// The token's label.
        token: Name,
        /// The key's label.
        key: Name,
    },
    /// A key that the machine's TPM seals.
    Tpm,
}

impl NewSlot {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> SlotKind {
        match self {
            Self::KeyFile(_) => SlotKind::KeyFile,
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::Recovery => SlotKind::Recovery,
            Self::Age(_) => SlotKind::Age,
            Self::Shamir(_) => SlotKind::Shamir,
            Self::Credential { .. } => SlotKind::Credential,
            Self::Kms { .. } => SlotKind::Kms,
            Self::Pkcs11 { .. } => SlotKind::Pkcs11,
            Self::Tpm => SlotKind::Tpm,
        }
    }
}

/// A key file on its way to its place.
pub(super) enum KeyFile {
    /// Takes the place of the one that is there, after its slot did.
    Replacing { path: PathBuf, content: Exposed },
    /// Overwrites nothing.
    Beside { path: PathBuf, content: Exposed },
}

impl KeyFile {
    pub(super) fn stage(&self) -> Result<(), StartError> {
        match self {
            Self::Replacing { path, content } => {
                let staged = staged_key(path);
                replace_private(&staged, content.expose())?;
                give_to_folders_owner(&staged)
            }
            Self::Beside { path, content } => write_private(path, content.expose()),
        }
    }

    pub(super) fn settle(&self) -> Result<(), StartError> {
        match self {
            Self::Replacing { path, .. } => move_into_place(&staged_key(path), path),
            Self::Beside { .. } => Ok(()),
        }
    }
}

/// What opens a new slot, as somebody will open it later.
pub(super) enum Trial {
    Key(Key),
    Text(Exposed),
    Wrapping(Key),
}

impl Trial {
    pub(super) fn open(&self, slot: &Slot, homes: &dyn KeyHomes) -> Result<RootKey, GivenError> {
        match self {
            Self::Key(key) => Ok(slot.open(&SlotSecret::KeyFile(key), homes)?),
            Self::Wrapping(key) => Ok(slot.open(&SlotSecret::Wrapping(slot.kind(), key), homes)?),
            Self::Text(text) => open_with(slot, text, homes),
        }
    }
}

/// A slot that lies nowhere yet.
pub(super) struct Made {
    pub(super) slot: Slot,
    /// The key file that goes with it.
    pub(super) key: Option<KeyFile>,
    /// What opens it; `None` where only a person has it.
    pub(super) trial: Option<Trial>,
    /// What is shown once.
    pub(super) handed: Vec<Exposed>,
}

/// Makes a slot and what opens it.
pub(super) fn make(
    new: &NewSlot,
    making: &Making<'_>,
    errands: Option<&Errands>,
) -> Result<Made, SlotChangeError> {
    let Making { instance, root, homes, entropy } = *making;
    let no_room = |_| SlotChangeError::DoesNotOpen;
    let close = |secret: &SlotSecret<'_>| Slot::close(secret, instance, root, homes, entropy);
    let random = || Key::random(homes, entropy).map_err(|_| SlotChangeError::DoesNotOpen);
    let made = |slot, trial| Made { slot, key: None, trial: Some(trial), handed: Vec::new() };
    Ok(match new {
        NewSlot::KeyFile(path) => {
            let key = random()?;
            let slot = close(&SlotSecret::KeyFile(&key)).map_err(no_room)?;
            let content = key_file::write(&key);
            let key_file = KeyFile::Replacing { path: path.clone(), content };
            Made { key: Some(key_file), ..made(slot, Trial::Key(key)) }
        }
        NewSlot::Passphrase(passphrase) => {
            let slot = close(&SlotSecret::Passphrase(passphrase)).map_err(no_room)?;
            made(slot, Trial::Text(Exposed::copy_of(passphrase.expose())))
        }
        NewSlot::Recovery => {
            let code = RecoveryCode::random(entropy);
            let slot = close(&SlotSecret::Recovery(&code)).map_err(no_room)?;
            Made { handed: vec![code.text()], ..made(slot, Trial::Text(code.text())) }
        }
        NewSlot::Age(recipient) => {
            let slot = Slot::close_for_age(recipient.clone(), making).map_err(no_room)?;
            Made { slot, key: None, trial: None, handed: Vec::new() }
        }
        NewSlot::Shamir(split) => {
            let (slot, shares) = Slot::close_for_shares(*split, making).map_err(no_room)?;
            let handed: Vec<Exposed> = shares.iter().map(Share::text).collect();
            Made { handed, ..made(slot, Trial::Text(all_lines(&shares))) }
        }
        NewSlot::Credential { name, out } => {
            let key = random()?;
            let way = Way::Credential { name: name.clone() };
            let slot = Slot::close_elsewhere(way, &key, making).map_err(no_room)?;
            let content = key_file::write(&key);
            let key_file = KeyFile::Beside { path: out.clone(), content };
            Made { key: Some(key_file), ..made(slot, Trial::Wrapping(key)) }
        }
        NewSlot::Kms { .. } | NewSlot::Pkcs11 { .. } | NewSlot::Tpm => {
            let errands = errands.ok_or(SlotChangeError::Elsewhere(ElsewhereFault::NotBuilt))?;
            let (way, key) = wrapped_elsewhere(new, errands, homes)?;
            let slot = Slot::close_elsewhere(way, &key, making).map_err(no_room)?;
            made(slot, Trial::Wrapping(key))
        }
    })
}

/// Every share, as a file of them is typed: with more than enough, each is tried.
fn all_lines(shares: &[Share]) -> Exposed {
    let mut lines = Vec::with_capacity(shares.len() * 128);
    for share in shares {
        lines.extend_from_slice(share.text().expose());
        lines.push(b'\n');
    }
    Exposed::new(lines)
}

/// Has a new wrapping key wrapped, and what was wrapped unwrapped again: the slot is closed with
/// what came back.
fn wrapped_elsewhere(
    new: &NewSlot,
    errands: &Errands,
    homes: &dyn KeyHomes,
) -> Result<(Way, Key), SlotChangeError> {
    let failed = || SlotChangeError::Elsewhere(ElsewhereFault::Failed);
    let text = |name: &Name| name.as_str().to_owned();
    let place = match new {
        NewSlot::Kms { address, mount, key } => {
            Place::Kms { address: text(address), mount: text(mount), key: text(key) }
        }
        NewSlot::Pkcs11 { token, key } => Place::Pkcs11 { token: text(token), key: text(key) },
        _ => Place::Tpm,
    };
    let run = |act| {
        let brought = errands.run(place.clone(), act, errand::deadline(), homes);
        brought.map_err(SlotChangeError::Elsewhere)
    };
    let (wrapped_key, parts) = run(Act::Wrap)?;
    let (key, _) = run(Act::Unwrap(parts.clone()))?;
    if !Exposed::copy_of(key.bytes()).same_as(&Exposed::copy_of(wrapped_key.bytes())) {
        return Err(failed());
    }
    let way = match (new, parts.as_slice()) {
        (NewSlot::Kms { address, mount, key }, [wrapped]) => {
            let wrapped = std::str::from_utf8(wrapped).ok().and_then(|text| Name::new(text).ok());
            let (address, mount, key) = (address.clone(), mount.clone(), key.clone());
            Way::Kms { address, mount, key, wrapped: wrapped.ok_or_else(failed)? }
        }
        (NewSlot::Pkcs11 { token, key }, [wrapped]) => {
            Way::Pkcs11 { token: token.clone(), key: key.clone(), wrapped: wrapped.clone() }
        }
        (NewSlot::Tpm, [public, private]) => {
            Way::Tpm { public: public.clone(), private: private.clone() }
        }
        _ => return Err(failed()),
    };
    Ok((way, key))
}

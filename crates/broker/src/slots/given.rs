//! What a person gives to open a slot: the content of its file, or what they typed.

use seal::slot::{AgeIdentities, Kind, NotAnIdentity, ShareError, Shares};
use seal::{
    Exposed, KeyHomes, RecoveryCode, RecoveryCodeError, RootKey, Slot, SlotError, SlotSecret,
    key_file,
};

/// What a person gives to open a slot: the content of its file, or what they typed.
pub struct Given {
    /// The slot's name.
    pub name: String,
    /// What opens it.
    pub content: Exposed,
}

/// Why what a person gave does not open a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GivenError {
    /// A share is none.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// It is no recovery code.
    #[error(transparent)]
    Code(#[from] RecoveryCodeError),
    /// It holds no age identity.
    #[error(transparent)]
    Identity(#[from] NotAnIdentity),
    /// It is no key file.
    #[error("it is not a key file")]
    KeyFile,
    /// Nothing that a person could give opens a slot of this kind.
    #[error("slots of this kind are opened by a machine, not by something that is given")]
    Machine,
    /// The slot did not open.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// It holds another root key than this installation's.
    #[error("it holds the root key of another installation")]
    Foreign,
}

/// Opens a slot with the content of a file, or with what was typed.
pub(crate) fn open_with(
    slot: &Slot,
    content: &Exposed,
    homes: &dyn KeyHomes,
) -> Result<RootKey, GivenError> {
    let key = || key_file::read(content, homes).map_err(|_| GivenError::KeyFile);
    Ok(match slot.kind() {
        Kind::KeyFile => slot.open(&SlotSecret::KeyFile(&key()?), homes)?,
        Kind::Credential => slot.open(&SlotSecret::Wrapping(slot.kind(), &key()?), homes)?,
        Kind::Passphrase => slot.open(&SlotSecret::Passphrase(content), homes)?,
        Kind::Recovery => {
            slot.open(&SlotSecret::Recovery(&RecoveryCode::parse(content)?), homes)?
        }
        Kind::Age => slot.open(&SlotSecret::Age(&AgeIdentities::read(content)?), homes)?,
        Kind::Shamir => slot.open(&SlotSecret::Shamir(&Shares::read(content)?), homes)?,
        Kind::Kms | Kind::Pkcs11 | Kind::Tpm => return Err(GivenError::Machine),
    })
}

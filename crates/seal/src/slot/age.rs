//! Slots for age recipients: the wrapping key is encrypted to a public string, and the identity
//! that decrypts it may lie anywhere but here.
//!
//! Source: the age format, <https://c2sp.org/age>. Only X25519 recipients are taken: a passphrase
//! has a kind of its own, and a plugin would start a program.

use std::str::FromStr;

use age::x25519::{Identity, Recipient};
use age::{DecryptError, decrypt, encrypt};
use zeroize::Zeroizing;

use super::SlotError;
use crate::exposed::Exposed;
use crate::key::{KEY_BYTES, Key, KeyHomes};

/// Largest file of identities.
pub const IDENTITY_FILE_BYTES_MAX: usize = 4096;
/// Most identities of one file that are tried.
const IDENTITIES_MAX: usize = 16;

/// A public string that starts with `age1`, in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeRecipient(String);

/// A text that is no X25519 recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no age recipient (age1…)")]
pub struct NotARecipient;

/// A file without a single X25519 identity, or with a line that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it holds no age identity (AGE-SECRET-KEY-1…)")]
pub struct NotAnIdentity;

impl FromStr for AgeRecipient {
    type Err = NotARecipient;

    fn from_str(text: &str) -> Result<Self, NotARecipient> {
        let read: Recipient = text.parse().map_err(|_| NotARecipient)?;
        // bech32 may also be written in capitals; a slot has one spelling.
        if read.to_string() == text { Ok(Self(text.to_owned())) } else { Err(NotARecipient) }
    }
}

impl AgeRecipient {
    /// The public string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The wrapping key as an age file.
    pub(super) fn wrap(&self, key: &Key) -> Result<Vec<u8>, SlotError> {
        let recipient: Recipient = self.0.parse().map_err(|_| SlotError::NotASlot)?;
        encrypt(&recipient, key.bytes()).map_err(|_| SlotError::Damaged)
    }
}

/// The identities of a file. No `Debug`, `Clone` or `Serialize`.
pub struct AgeIdentities(Vec<Identity>);

impl AgeIdentities {
    /// Reads a file as `age-keygen` writes it: one identity a line, comments after `#`.
    ///
    /// # Errors
    /// [`NotAnIdentity`].
    pub fn read(content: &Exposed) -> Result<Self, NotAnIdentity> {
        let text = content.expose_text().ok_or(NotAnIdentity)?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let read: Result<Vec<Identity>, _> = lines.map(Identity::from_str).collect();
        let read = read.map_err(|_| NotAnIdentity)?;
        if read.is_empty() || read.len() > IDENTITIES_MAX {
            return Err(NotAnIdentity);
        }
        Ok(Self(read))
    }

    /// The wrapping key in an age file.
    pub(super) fn unwrap(&self, wrapped: &[u8], homes: &dyn KeyHomes) -> Result<Key, SlotError> {
        for identity in &self.0 {
            match decrypt(identity, wrapped).map(Zeroizing::new) {
                Ok(opened) => {
                    let bytes: &[u8; KEY_BYTES] =
                        opened.as_slice().try_into().map_err(|_| SlotError::Damaged)?;
                    return Ok(Key::moved(homes, &mut Zeroizing::new(*bytes))?);
                }
                Err(DecryptError::NoMatchingKeys) => {}
                Err(_) => return Err(SlotError::Damaged),
            }
        }
        Err(SlotError::WrongSecret)
    }
}

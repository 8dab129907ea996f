//! Cosignatures: a witness's word that, at a moment, a checkpoint was the largest it had seen and
//! continued everything it had seen before.
//!
//! Always true
//! 1. What is signed begins with a line of its own, so a cosignature can never be read as a log's
//!    signature, nor the other way round.
//! 2. A line in a known witness's name that does not verify is an error, never "not cosigned".
//!
//! Never: a private key. A witness signs [`message`] and hands the signature back.
//!
//! Source: C2SP tlog-cosignature, type 0x04 (Ed25519 with a timestamp).

use std::fmt;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use crate::note::{Note, NoteError, key_id, key_text, parse_key, signature_text};

const TYPE_COSIGNATURE: u8 = 0x04;
const LABEL: &str = "cosignature/v1";
/// A timestamp and an Ed25519 signature.
const PAYLOAD_BYTES: usize = 72;

/// A witness's public key with the name it signs under.
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

impl CosignerKey {
    /// The cosigning key of this name.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name is empty or holds a space, a control character or `+`.
    pub fn ed25519(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        let id = key_id(name, TYPE_COSIGNATURE, &public)?;
        Ok(Self { name: name.to_owned(), id, public })
    }

    /// Reads `name+id+base64`, the form [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`NoteError::Key`] for another form, another type of key, or an id that is not the key's
    /// own.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, public) = parse_key(text, TYPE_COSIGNATURE)?;
        Self::ed25519(name, public)
    }

    /// The name it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// This witness's newest cosignature on a note; `None` when it has no line there.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] when a line in its name and id does not verify.
    pub fn cosignature(&self, note: &Note<'_>) -> Result<Option<Cosignature>, NoteError> {
        let mut newest: Option<Cosignature> = None;
        for line in note.signatures_of(&self.name, self.id) {
            let found =
                self.read(note.claimed(), &line.signature).ok_or(NoteError::BadSignature)?;
            let later = newest.is_none_or(|known| known.time_s < found.time_s);
            newest = if later { Some(found) } else { newest };
        }
        Ok(newest)
    }

    fn read(&self, text: &str, payload: &[u8]) -> Option<Cosignature> {
        let payload: &[u8; PAYLOAD_BYTES] = payload.try_into().ok()?;
        let (time, signature) = payload.split_first_chunk::<8>()?;
        let signature: [u8; 64] = signature.try_into().ok()?;
        let time_s = u64::from_be_bytes(*time);
        // The format leaves the upper half of the range out.
        i64::try_from(time_s).ok()?;
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        key.verify(message(text, time_s).as_bytes(), &signature).ok()?;
        Some(Cosignature { time_s, signature })
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, TYPE_COSIGNATURE, &self.public))
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({self})")
    }
}

/// What a witness signed, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosignature {
    /// Seconds since the epoch, by the witness's clock.
    pub time_s: u64,
    /// Over [`message`].
    pub signature: [u8; 64],
}

impl Cosignature {
    /// The signature line in the name of `key`, with its newline.
    #[must_use]
    pub fn line(&self, key: &CosignerKey) -> String {
        let mut payload = self.time_s.to_be_bytes().to_vec();
        payload.extend_from_slice(&self.signature);
        signature_text(&key.name, key.id, &payload)
    }
}

/// The bytes a witness signs: label, time in seconds, and the checkpoint's whole text.
#[must_use]
pub fn message(checkpoint_text: &str, time_s: u64) -> String {
    format!("{LABEL}\ntime {time_s}\n{checkpoint_text}")
}

//! The envelope around one value.
//!
//! ```text
//! header: magic 4 | format 1 | suite 1 | key id 16 | record version 8
//! then:   salt 24 | commitment 32 | ciphertext | tag 16
//! ```
//!
//! Always true
//! 1. Key, nonce and commitment come from HKDF-Expand-SHA512 of the data key over the salt, every
//!    other header byte and the whole [`Context`]. So a changed header, a moved record, an older
//!    version and another tenant's key all fail, and no nonce is ever reused: each envelope has a
//!    key of its own.
//! 2. The commitment is checked before the cipher runs: bytes that open under two keys do not exist
//!    here.
//! 3. The length tells the bucket of a value, not its length.
//!
//! Sources: C2SP chunked-encryption (Cobblestone-256); NIST SP 800-38D. The construction, with its
//! independent second implementation, is in tests/it/differential.rs; testdata/ holds envelopes
//! that must open for ever.

mod padding;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use domain::Entropy;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::exposed::Exposed;
use crate::kdf::{self, Info};
use crate::key::{KEY_BYTES, KEY_ID_BYTES, Key, KeyId};

/// Largest value: sixteen times a secret, so that every record of the platform fits.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes around the padded value.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES;

const MAGIC: [u8; 4] = *b"CmEv";
const FORMAT: u8 = 1;
const SUITE_AES_256_GCM_HKDF_SHA512: u8 = 1;
const HEADER_BYTES: usize = 4 + 1 + 1 + KEY_ID_BYTES + 8;
const SALT_BYTES: usize = 24;
const COMMITMENT_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const DERIVED_BYTES: usize = KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES;

/// Why a value was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Longer than [`VALUE_BYTES_MAX`].
    #[error("the value is larger than {VALUE_BYTES_MAX} bytes")]
    TooLarge,
}

/// Why an envelope did not open. For operators; outside callers get one answer for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short, or not ours.
    #[error("it is not an envelope")]
    NotAnEnvelope,
    /// A format or suite that this release does not know.
    #[error("a newer release sealed it")]
    NewerFormat,
    /// It names a key that is not at hand.
    #[error("it was sealed with key {0}, which is not known here")]
    UnknownKey(KeyId),
    /// It names a key that was destroyed.
    #[error("it was sealed with key {0}, which was destroyed")]
    RetiredKey(KeyId),
    /// The commitment does not fit: another key, or another record, version, kind, realm or
    /// instance.
    #[error("it was sealed for another record or with another key")]
    NotThisRecord,
    /// The commitment fits and the tag does not: the ciphertext was changed.
    #[error("it is damaged")]
    Damaged,
}

/// The parts of an envelope, borrowed.
struct Parts<'a> {
    header: &'a [u8; HEADER_BYTES],
    key_id: KeyId,
    version: u64,
    salt: &'a [u8; SALT_BYTES],
    commitment: &'a [u8; COMMITMENT_BYTES],
    ciphertext: &'a [u8],
}

/// Seals `value` with `key`, whose public name is `key_id`.
///
/// # Errors
/// [`SealError::TooLarge`].
pub(crate) fn seal(
    key: &Key,
    key_id: KeyId,
    context: &Context<'_>,
    value: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    let padded = padding::padded_length(value.len()).ok_or(SealError::TooLarge)?;
    let header = header(key_id, context.version);
    let mut salt = [0u8; SALT_BYTES];
    entropy.fill(&mut salt);
    let derived = Derived::new(key, &header, &salt, context);

    let mut envelope = Vec::with_capacity(OVERHEAD_BYTES + padded);
    envelope.extend_from_slice(&header);
    envelope.extend_from_slice(&salt);
    envelope.extend_from_slice(derived.commitment());
    let body_at = envelope.len();
    // The value lies in clear in this buffer for a moment, and is encrypted in place.
    padding::pad_into(&mut envelope, value, padded);
    let Some(body) = envelope.get_mut(body_at..) else { std::process::abort() };
    let Ok(tag) = derived.cipher().seal_in_place_separate_tag(derived.nonce(), Aad::empty(), body)
    else {
        // AES-256-GCM refuses only inputs above 64 GiB. Going on would hand out the clear value.
        std::process::abort()
    };
    envelope.extend_from_slice(tag.as_ref());
    Ok(envelope)
}

/// Opens an envelope with the key that it names.
///
/// # Errors
/// [`OpenError::NotAnEnvelope`], [`OpenError::NewerFormat`], [`OpenError::NotThisRecord`],
/// [`OpenError::Damaged`]; the other two are the key ring's to give.
pub(crate) fn open(
    key: &Key,
    context: &Context<'_>,
    envelope: &[u8],
) -> Result<Exposed, OpenError> {
    let parts = Parts::read(envelope)?;
    if parts.version != context.version {
        return Err(OpenError::NotThisRecord);
    }
    let derived = Derived::new(key, parts.header, parts.salt, context);
    if !bool::from(derived.commitment().ct_eq(parts.commitment)) {
        return Err(OpenError::NotThisRecord);
    }
    let mut body = Zeroizing::new(parts.ciphertext.to_vec());
    let opened = derived
        .cipher()
        .open_in_place(derived.nonce(), Aad::empty(), &mut body)
        .map_err(|_| OpenError::Damaged)?;
    let length = padding::unpadded(opened).ok_or(OpenError::Damaged)?.len();
    // The same buffer goes on: no second copy to wipe. Its spare capacity is wiped with it.
    body.truncate(length);
    Ok(Exposed::new(std::mem::take(&mut *body)))
}

/// The id of the key that an envelope names. Nothing is opened.
///
/// # Errors
/// [`OpenError::NotAnEnvelope`], [`OpenError::NewerFormat`].
pub fn key_id(envelope: &[u8]) -> Result<KeyId, OpenError> {
    Parts::read(envelope).map(|parts| parts.key_id)
}

fn header(key_id: KeyId, version: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0u8; HEADER_BYTES];
    let parts = MAGIC
        .into_iter()
        .chain([FORMAT, SUITE_AES_256_GCM_HKDF_SHA512])
        .chain(key_id.to_bytes())
        .chain(version.to_be_bytes());
    for (place, byte) in header.iter_mut().zip(parts) {
        *place = byte;
    }
    header
}

impl<'a> Parts<'a> {
    fn read(envelope: &'a [u8]) -> Result<Self, OpenError> {
        let read = || {
            let (header, rest) = envelope.split_first_chunk::<HEADER_BYTES>()?;
            let (magic, after) = header.split_first_chunk::<4>()?;
            let (&[format, suite], after) = after.split_first_chunk::<2>()?;
            let (key_id, version) = after.split_first_chunk::<KEY_ID_BYTES>()?;
            let version = u64::from_be_bytes(version.try_into().ok()?);
            Some((*magic, format, suite, KeyId::from_bytes(*key_id), version, header, rest))
        };
        let (magic, format, suite, key_id, version, header, rest) =
            read().ok_or(OpenError::NotAnEnvelope)?;
        if magic != MAGIC {
            return Err(OpenError::NotAnEnvelope);
        }
        if format != FORMAT || suite != SUITE_AES_256_GCM_HKDF_SHA512 {
            return Err(OpenError::NewerFormat);
        }
        let (salt, rest) = rest.split_first_chunk().ok_or(OpenError::NotAnEnvelope)?;
        let (commitment, ciphertext) = rest.split_first_chunk().ok_or(OpenError::NotAnEnvelope)?;
        let body = ciphertext.len().checked_sub(TAG_BYTES).ok_or(OpenError::NotAnEnvelope)?;
        if !padding::is_padded_length(body) {
            return Err(OpenError::NotAnEnvelope);
        }
        Ok(Self { header, key_id, version, salt, commitment, ciphertext })
    }
}

/// What one salt gives under one key: the record's own key, nonce and commitment.
struct Derived(Zeroizing<[u8; DERIVED_BYTES]>);

impl Derived {
    fn new(
        key: &Key,
        header: &[u8; HEADER_BYTES],
        salt: &[u8; SALT_BYTES],
        context: &Context<'_>,
    ) -> Self {
        let info = Info::new("casemate.v1 envelope").part(b"AES-256-GCM").part(header).part(salt);
        let mut derived = Zeroizing::new([0u8; DERIVED_BYTES]);
        kdf::expand(key.bytes(), &context.bind(info), derived.as_mut_slice());
        Self(derived)
    }

    fn split(&self) -> (&[u8], &[u8], &[u8]) {
        let (key, rest) = self.0.split_at(KEY_BYTES);
        let (nonce, commitment) = rest.split_at(NONCE_BYTES);
        (key, nonce, commitment)
    }

    fn cipher(&self) -> LessSafeKey {
        let Ok(key) = UnboundKey::new(&AES_256_GCM, self.split().0) else {
            // The key has exactly the cipher's length.
            std::process::abort()
        };
        LessSafeKey::new(key)
    }

    fn nonce(&self) -> Nonce {
        let mut nonce = [0u8; NONCE_BYTES];
        nonce.copy_from_slice(self.split().1);
        Nonce::assume_unique_for_key(nonce)
    }

    fn commitment(&self) -> &[u8] {
        self.split().2
    }
}

#[cfg(test)]
mod tests;

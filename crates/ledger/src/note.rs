//! Signed notes: text, a blank line, and signature lines.
//!
//! Always true
//! 1. A note's text leaves this crate only after a signature by one of the caller's own keys was
//!    verified.
//! 2. A signature line by a known key that does not verify rejects the whole note; unknown keys are
//!    ignored.
//! 3. One note has one text: base64 is read strictly, and key names hold no space and no `+`.
//!
//! Source: C2SP signed-note, signature type 0x01 (Ed25519, RFC 8032). Type 0x04 is
//! [`crate::cosignature`]'s.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};

/// Most bytes of a note: 16 post-quantum signatures of nearly 5 kB fit twice.
pub const NOTE_BYTES_MAX: usize = 192 * 1024;
/// Most signatures of a note; the format asks for at least 16.
pub const SIGNATURES_MAX: usize = 64;

const TYPE_ED25519: u8 = 0x01;
const DASH: &str = "\u{2014} ";

/// Why a note or a key was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is not a signed note.
    #[error("it is not a signed note")]
    Form,
    /// The text is not a verifier key of a supported type.
    #[error("it is not a verifier key")]
    Key,
    /// None of the given keys signed it.
    #[error("no known key signed it")]
    UnknownKey,
    /// A line in a known key's name does not verify.
    #[error("a signature in a known key's name does not hold")]
    BadSignature,
}

/// A public key with the name it signs under.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

impl VerifierKey {
    /// The Ed25519 key of this name.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name is empty or holds a space, a control character or `+`.
    pub fn ed25519(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        let id = key_id(name, TYPE_ED25519, &public)?;
        Ok(Self { name: name.to_owned(), id, public })
    }

    /// Reads `name+id+base64`, the form [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`NoteError::Key`] for another form, another type of key, or an id that is not the key's
    /// own.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, public) = parse_key(text, TYPE_ED25519)?;
        Self::ed25519(name, public)
    }

    /// The name it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of its fingerprint.
    #[must_use]
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    fn signed(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, TYPE_ED25519, &self.public))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

/// The whole note: `text` with one signature that `key`'s private half made over it.
///
/// The caller has signed `text` exactly as given; it ends in a newline.
#[must_use]
pub fn signed_note(text: &str, key: &VerifierKey, signature: &[u8; 64]) -> String {
    format!("{text}\n{}", signature_text(&key.name, key.id, signature))
}

/// One signature line, with its newline.
pub(crate) fn signature_text(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    let mut bytes = id.to_vec();
    bytes.extend_from_slice(signature);
    format!("{DASH}{name} {}\n", BASE64.encode(&bytes))
}

/// A note that was read but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<NoteSignature<'a>>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoteSignature<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: [u8; 4],
    pub(crate) signature: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Splits a note into its text and its signature lines.
    ///
    /// # Errors
    /// [`NoteError::Form`] when it is not a signed note, or is longer than [`NOTE_BYTES_MAX`], or
    /// has more than [`SIGNATURES_MAX`] signatures.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        let allowed = |c: char| c == '\n' || c >= ' ';
        if note.len() > NOTE_BYTES_MAX || !note.chars().all(allowed) {
            return Err(NoteError::Form);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        // The text keeps the newline that ends it.
        let text = note.get(..=text.len()).ok_or(NoteError::Form)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
        let signatures: Option<Vec<_>> =
            lines.split('\n').take(SIGNATURES_MAX + 1).map(signature_line).collect();
        let signatures = signatures.ok_or(NoteError::Form)?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(NoteError::Form);
        }
        Ok(Self { text, signatures })
    }

    /// The text that nobody has vouched for yet: it says whose keys to look for.
    #[must_use]
    pub const fn claimed(&self) -> &'a str {
        self.text
    }

    /// The signature lines in this name and id.
    pub(crate) fn signatures_of(
        &self,
        name: &str,
        id: [u8; 4],
    ) -> impl Iterator<Item = &NoteSignature<'a>> {
        self.signatures.iter().filter(move |line| line.name == name && line.id == id)
    }

    /// The text, if at least one of `keys` signed it.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] when a line in the name and id of one of `keys` does not verify;
    /// [`NoteError::UnknownKey`] when none of `keys` has a line.
    pub fn open(&self, keys: &[VerifierKey]) -> Result<&'a str, NoteError> {
        let mut verified = 0_usize;
        for line in &self.signatures {
            let known = keys.iter().find(|key| key.name == line.name && key.id == line.id);
            match known {
                Some(key) if key.signed(self.text, &line.signature) => verified += 1,
                Some(_) => return Err(NoteError::BadSignature),
                None => {}
            }
        }
        if verified > 0 { Ok(self.text) } else { Err(NoteError::UnknownKey) }
    }
}

fn signature_line(line: &str) -> Option<NoteSignature<'_>> {
    let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = BASE64.decode(encoded.as_bytes()).ok()?;
    let id = first_four(&bytes)?;
    let signature = bytes.get(4..)?.to_vec();
    (is_key_name(name) && !signature.is_empty()).then_some(NoteSignature { name, id, signature })
}

/// The first bytes of a key's fingerprint: SHA-256(name, newline, type, key).
pub(crate) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> Result<[u8; 4], NoteError> {
    if !is_key_name(name) {
        return Err(NoteError::Key);
    }
    let mut message = name.as_bytes().to_vec();
    message.extend_from_slice(&[b'\n', kind]);
    message.extend_from_slice(public);
    first_four(digest(&SHA256, &message).as_ref()).ok_or(NoteError::Key)
}

/// Name and public key of `name+id+base64`, when it is of this type and the id is the key's own.
pub(crate) fn parse_key(text: &str, kind: u8) -> Result<(&str, [u8; 32]), NoteError> {
    let read = || {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = BASE64.decode(key.as_bytes()).ok()?;
        let (&found, public) = key.split_first()?;
        let public: [u8; 32] = public.try_into().ok().filter(|_| found == kind)?;
        let own = key_id(name, kind, &public).ok()?;
        (HEXLOWER.encode(&own) == id).then_some((name, public))
    };
    read().ok_or(NoteError::Key)
}

/// The text form of a key.
pub(crate) fn key_text(name: &str, id: [u8; 4], kind: u8, public: &[u8; 32]) -> String {
    let mut key = vec![kind];
    key.extend_from_slice(public);
    format!("{name}+{}+{}", HEXLOWER.encode(&id), BASE64.encode(&key))
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '+')
}

fn first_four(bytes: &[u8]) -> Option<[u8; 4]> {
    bytes.first_chunk::<4>().copied()
}

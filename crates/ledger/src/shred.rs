//! Certificates of destruction: the platform's signed word that keys are gone.
//!
//! Always true
//! 1. A certificate names the instance, whose keys, how many, and when; whoever holds it and the
//!    instance's verifier key checks it offline.
//! 2. Its text can never be read as a checkpoint or a receipt: its first line is its own. One key
//!    signs all three.
//!
//! What it cannot say: that nobody copied a key or a value before. It is the operator's word,
//! signed.

use std::fmt;

use domain::{InstanceId, TenantId, TimeMs, UserId};

use crate::note::{Note, NoteError, VerifierKey};

const LABEL: &str = "casemate.shred_certificate.v1";

/// Whose keys were destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShredOwner {
    /// A workspace's.
    Tenant(TenantId),
    /// A person's.
    Person(UserId),
}

impl ShredOwner {
    /// The words in the certificate.
    fn words(self) -> (&'static str, String) {
        match self {
            Self::Tenant(id) => ("tenant", id.to_string()),
            Self::Person(id) => ("person", id.to_string()),
        }
    }

    fn read(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "tenant" => id.parse().ok().map(Self::Tenant),
            "person" => id.parse().ok().map(Self::Person),
            _ => None,
        }
    }
}

/// What was destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShredCertificate {
    /// Which installation.
    pub instance: InstanceId,
    /// The order's number in the shred ledger.
    pub order: u64,
    /// When it was ordered.
    pub ordered_at: TimeMs,
    /// When it was done.
    pub done_at: TimeMs,
    /// Whose keys.
    pub owner: ShredOwner,
    /// The one data key, in hexadecimal digits; `None` for all of the owner's keys and their seed.
    pub key: Option<String>,
    /// How many data keys there were.
    pub keys: u64,
}

/// Why a certificate was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShredCertificateError {
    /// The signature did not hold.
    #[error("the certificate's signature does not hold")]
    Signature(#[from] NoteError),
    /// The text is no certificate.
    #[error("it is not a certificate of destruction")]
    Form,
}

impl ShredCertificate {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { instance, order, ordered_at, done_at, owner, key, keys } = self;
        let (owner, owner_id) = owner.words();
        let key = key.as_deref().unwrap_or("-");
        let (ordered, done) = (ordered_at.0, done_at.0);
        format!(
            "{LABEL}\ninstance {instance}\norder {order}\nordered_at_ms {ordered}\n\
             done_at_ms {done}\n{owner} {owner_id}\nkey {key}\nkeys_destroyed {keys}\n"
        )
    }

    /// Reads a note's text.
    ///
    /// # Errors
    /// [`ShredCertificateError::Form`] when it is not exactly a text that [`Self::text`] writes.
    pub fn parse(text: &str) -> Result<Self, ShredCertificateError> {
        let read = Self::read(text).filter(|certificate| certificate.text() == text);
        read.ok_or(ShredCertificateError::Form)
    }

    /// Reads and verifies a signed certificate.
    ///
    /// # Errors
    /// [`ShredCertificateError::Signature`] when none of `keys` signed it;
    /// [`ShredCertificateError::Form`].
    pub fn open(note: &str, keys: &[VerifierKey]) -> Result<Self, ShredCertificateError> {
        Self::parse(Note::parse(note)?.open(keys)?)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != LABEL {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let instance = field("instance")?.parse().ok()?;
        let order = field("order")?.parse().ok()?;
        let ordered_at = TimeMs(field("ordered_at_ms")?.parse().ok()?);
        let done_at = TimeMs(field("done_at_ms")?.parse().ok()?);
        let (owner, owner_id) = lines.next()?.split_once(' ')?;
        let owner = ShredOwner::read(owner, owner_id)?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let key = Some(field("key")?).filter(|key| *key != "-").map(str::to_owned);
        let keys = field("keys_destroyed")?.parse().ok()?;
        Some(Self { instance, order, ordered_at, done_at, owner, key, keys })
    }
}

/// What a person reads.
impl fmt::Display for ShredCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, order, .. } = self;
        match &self.key {
            None => write!(f, "the seed and {keys} keys")?,
            Some(key) => write!(f, "key {key}")?,
        }
        match self.owner {
            ShredOwner::Tenant(id) => write!(f, " of workspace {id}")?,
            ShredOwner::Person(id) => write!(f, " of person {id}")?,
        }
        write!(f, ", destroyed by order {order}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(key: Option<&str>) -> ShredCertificate {
        ShredCertificate {
            instance: "01920000-0000-7000-8000-000000000001".parse().unwrap(),
            order: 3,
            ordered_at: TimeMs(1_790_000_000_000),
            done_at: TimeMs(1_790_000_000_020),
            owner: ShredOwner::Tenant("01920000-0000-7000-8000-000000000002".parse().unwrap()),
            key: key.map(str::to_owned),
            keys: 4,
        }
    }

    #[test]
    fn a_certificate_reads_back_in_its_one_spelling() {
        for key in [None, Some("00112233445566778899aabbccddeeff")] {
            let written = certificate(key);
            assert_eq!(ShredCertificate::parse(&written.text()), Ok(written));
        }
    }

    #[test]
    fn every_truncation_and_every_changed_byte_reads_as_something_else_or_nothing() {
        let whole = certificate(None);
        let text = whole.text();
        for end in 0..text.len() {
            assert!(ShredCertificate::parse(&text[..end]).is_err(), "{end} bytes");
        }
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert_ne!(ShredCertificate::parse(&changed), Ok(whole.clone()), "byte {at}");
        }
        assert!(ShredCertificate::parse(&format!("{text}more\n")).is_err());
    }

    #[test]
    fn a_certificate_is_no_checkpoint_and_no_receipt() {
        let text = certificate(None).text();
        assert!(crate::Checkpoint::parse(&text).is_err());
        assert!(crate::Receipt::parse(&text).is_err());
    }
}

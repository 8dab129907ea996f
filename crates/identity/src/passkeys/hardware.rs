//! Whether a passkey lives in hardware: its authenticator's vendor signed for it, under a root that
//! the operator trusts, and no copy of it can be made.
//!
//! Always true
//! 1. It is judged from what was stored at the registration each time it matters, never noted as a
//!    fact: a root that leaves the operator's list counts no more at the next question.
//! 2. Without roots nothing lives in hardware, and neither does what an authenticator says of
//!    itself (self attestation) or what may be copied, whoever signed it.
//!
//! Never: asked of anybody but staff. Which make of authenticator others use is theirs to choose.
//!
//! Sources: W3C Web Authentication level 3 sections 6.1.3, 6.5, 8.2, 8.3; RFC 8176 (`hwk`).

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use data_encoding::{BASE64, Encoding};
use store::Passkey;
use uuid::Uuid;
use webauthn_rs::prelude::{AttestationCaList, AttestationMetadata, AttestedPasskey};

/// Largest file of roots, in bytes.
const FILE_BYTES_MAX: usize = 1_048_576;
/// Most roots in a file.
const ROOTS_MAX: usize = 128;
/// Most models of authenticators.
const MODELS_MAX: usize = 512;

/// The vendors' roots that the operator trusts to sign for hardware, and the models among theirs.
#[derive(Default)]
pub struct HardwareRoots {
    /// Each alone: the verifier looks for an issuer by name, and vendors renew roots under a name.
    roots: Vec<AttestationCaList>,
    /// Authenticator models (AAGUIDs); empty: all that the roots sign for.
    models: BTreeSet<Uuid>,
}

/// Why roots are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HardwareRootsError {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Unreadable,
    /// It is larger than any list of roots.
    #[error("the file is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// A certificate in it cannot be read, or there is none.
    #[error("certificate {number} of the file is not one in PEM form")]
    NotACertificate {
        /// Which, from one on.
        number: usize,
    },
    /// More than are trusted by anybody who thought about each.
    #[error("at most {ROOTS_MAX} roots and {MODELS_MAX} models are taken")]
    TooMany,
    /// A model is not named by its AAGUID.
    #[error("{0:?} is not an AAGUID such as 2fc0579f-8113-47ea-b116-bb5a8db9202a")]
    Model(String),
}

impl HardwareRoots {
    /// Reads a file of roots in PEM form. `models`: AAGUIDs; none: every model that the roots sign
    /// for.
    ///
    /// # Errors
    /// [`HardwareRootsError`].
    pub fn open(path: &Path, models: &[String]) -> Result<Self, HardwareRootsError> {
        let file = std::fs::File::open(path).map_err(|_| HardwareRootsError::Unreadable)?;
        let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let mut text = String::new();
        file.take(most).read_to_string(&mut text).map_err(|_| HardwareRootsError::Unreadable)?;
        Self::read(&text, models)
    }

    /// The same of the file's text.
    ///
    /// # Errors
    /// [`HardwareRootsError`].
    pub fn read(text: &str, models: &[String]) -> Result<Self, HardwareRootsError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(HardwareRootsError::TooLarge);
        }
        let certificates: Vec<_> = certificates(text).collect();
        if certificates.len() > ROOTS_MAX || models.len() > MODELS_MAX {
            return Err(HardwareRootsError::TooMany);
        }
        if certificates.is_empty() {
            return Err(HardwareRootsError::NotACertificate { number: 1 });
        }
        let root = |(number, certificate): (usize, Option<String>)| {
            let read = certificate.and_then(|pem| AttestationCaList::try_from(pem.as_bytes()).ok());
            read.ok_or(HardwareRootsError::NotACertificate { number })
        };
        let roots = (1..).zip(certificates).map(root).collect::<Result<_, _>>()?;
        let model = |text: &String| {
            Uuid::try_parse(text).map_err(|_| HardwareRootsError::Model(text.clone()))
        };
        Ok(Self { roots, models: models.iter().map(model).collect::<Result<_, _>>()? })
    }

    /// Whether the operator trusts no root, so that nothing lives in hardware.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Whether this passkey lives in hardware.
    #[must_use]
    pub fn hold(&self, passkey: &Passkey) -> bool {
        self.hold_stored(&passkey.public_key)
    }

    /// The same of the verifier's stored form.
    pub(super) fn hold_stored(&self, stored: &str) -> bool {
        // Most installations have no staff: a sign-in there reads nothing twice.
        if self.is_empty() {
            return false;
        }
        let Ok(shown) = serde_json::from_str::<serde_json::Value>(stored) else { return false };
        let stays = shown.pointer("/cred/backup_eligible") == Some(&serde_json::Value::Bool(false));
        stays && serde_json::from_value(shown).is_ok_and(|key| self.vouch_for(&key))
    }

    /// Whether a trusted root signs for the authenticator, and its model is one of the operator's.
    fn vouch_for(&self, key: &AttestedPasskey) -> bool {
        let model = match &key.attestation().metadata {
            AttestationMetadata::Packed { aaguid } | AttestationMetadata::Tpm { aaguid, .. } => {
                aaguid
            }
            _ => return false,
        };
        self.roots.iter().any(|root| key.verify_attestation(root).is_ok())
            && (self.models.is_empty() || self.models.contains(model))
    }
}

/// The certificates of a file in the one form that the verifier reads (RFC 7468, strict), whatever
/// the length of their lines here; `None` for one that is none. What stands between them is for
/// people.
fn certificates(text: &str) -> impl Iterator<Item = Option<String>> {
    text.split(BEGIN).skip(1).map(|rest| {
        let (body, _) = rest.split_once(END)?;
        let packed: String = body.split_ascii_whitespace().collect();
        let der = BASE64.decode(packed.as_bytes()).ok()?;
        Some(format!("{BEGIN}\n{}{END}\n", LINES.encode(&der)))
    })
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Base64 in lines of 64 characters (RFC 7468 section 2).
static LINES: LazyLock<Encoding> = LazyLock::new(|| {
    let mut lines = BASE64.specification();
    lines.wrap.width = 64;
    lines.wrap.separator.push('\n');
    lines.encoding().unwrap_or(BASE64)
});

#[cfg(test)]
#[path = "hardware_tests.rs"]
mod tests;

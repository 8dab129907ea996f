//! Who the server must be: the certificate pinned at sign-in, or one that a named authority vouches
//! for.
//!
//! Always true
//! 1. A pinned server is accepted by the SHA-256 of its certificate and by nothing else: not by
//!    name, not by an authority, not after it expired into a new one.
//! 2. On first contact the handshake is broken off before anything is sent; the person compares the
//!    fingerprint with the one that `casemate up` printed.
//!
//! The signature over the handshake is always verified, so a copied certificate without its key is
//! refused.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use data_encoding::HEXUPPER;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use serde::{Deserialize, Serialize};

use super::TransportError;

/// The SHA-256 of a certificate's DER form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits, colons allowed")]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
        Self(bytes)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let upper = text.trim().to_ascii_uppercase();
        let digits: String =
            upper.strip_prefix("SHA256:").unwrap_or(&upper).replace([':', ' '], "");
        let bytes = HEXUPPER.decode(digits.as_bytes()).map_err(|_| FingerprintError)?;
        bytes.try_into().map(Self).map_err(|_| FingerprintError)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SHA256")?;
        self.0.iter().try_for_each(|byte| write!(f, ":{byte:02X}"))
    }
}

/// What makes a server the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trust {
    /// It has exactly this certificate.
    Pinned(Fingerprint),
    /// Its certificate is in this PEM file, or is signed by one that is, for the name in the URL.
    Authority(std::path::PathBuf),
}

/// Judges the certificate of a server, and remembers what it was shown.
#[derive(Debug)]
pub(super) struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
    presented: Mutex<Option<Presented>>,
}

/// A certificate a server showed, and what was thought of it.
#[derive(Debug, Clone, Copy)]
struct Presented {
    fingerprint: Fingerprint,
    accepted: bool,
}

#[derive(Debug)]
enum Judge {
    Exactly(Fingerprint),
    Vouched {
        certificates: Vec<CertificateDer<'static>>,
        roots: Arc<WebPkiServerVerifier>,
    },
    /// First contact: look, and accept nothing.
    Nobody,
}

impl Verifier {
    /// A verifier that accepts what `trust` says; nothing when there is none yet.
    ///
    /// Errors: the authority's file cannot be read or holds no certificate.
    pub(super) fn new(trust: Option<&Trust>) -> Result<Arc<Self>, TransportError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = match trust {
            None => Judge::Nobody,
            Some(Trust::Pinned(fingerprint)) => Judge::Exactly(*fingerprint),
            Some(Trust::Authority(file)) => vouched(file, &provider)?,
        };
        Ok(Arc::new(Self { judge, provider, presented: Mutex::new(None) }))
    }

    /// The certificate the server showed last.
    pub(super) fn presented(&self) -> Option<Fingerprint> {
        self.last().map(|presented| presented.fingerprint)
    }

    /// The certificate the server showed last, when it was not accepted.
    pub(super) fn refused(&self) -> Option<Fingerprint> {
        self.last().filter(|presented| !presented.accepted).map(|presented| presented.fingerprint)
    }

    fn last(&self) -> Option<Presented> {
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fingerprint this verifier insists on.
    pub(super) const fn pinned(&self) -> Option<Fingerprint> {
        match self.judge {
            Judge::Exactly(fingerprint) => Some(fingerprint),
            Judge::Vouched { .. } | Judge::Nobody => None,
        }
    }

    /// The fingerprint shown last, when that very certificate is in the authority's file.
    pub(super) fn listed(&self) -> Option<Fingerprint> {
        let Judge::Vouched { certificates, .. } = &self.judge else { return None };
        let shown = self.presented()?;
        certificates.iter().any(|listed| Fingerprint::of(listed) == shown).then_some(shown)
    }

    /// The TLS settings around this verifier.
    ///
    /// Errors: the crypto provider lacks the protocol versions, which ours does not.
    pub(super) fn client(self: &Arc<Self>) -> Result<ClientConfig, TransportError> {
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TransportError::Shape)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(self) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        Ok(config)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = Fingerprint::of(end_entity);
        let verdict = match &self.judge {
            Judge::Exactly(pinned) if *pinned == fingerprint => Ok(ServerCertVerified::assertion()),
            Judge::Vouched { certificates, .. } if certificates.contains(end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            Judge::Vouched { roots, .. } => {
                roots.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            Judge::Exactly(_) | Judge::Nobody => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
        };
        let presented = Presented { fingerprint, accepted: verdict.is_ok() };
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn vouched(file: &Path, provider: &Arc<CryptoProvider>) -> Result<Judge, TransportError> {
    let refused = |why: String| TransportError::Authority { file: file.to_owned(), why };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| refused(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    if roots.is_empty() {
        return Err(refused("it holds no certificate".to_owned()));
    }
    let roots = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| refused(error.to_string()))?;
    Ok(Judge::Vouched { certificates, roots })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_in_every_usual_form() {
        let text = "SHA256:".to_owned() + &["AB"; 32].join(":");
        let fingerprint: Fingerprint = text.parse().unwrap();
        assert_eq!(fingerprint.to_string(), text);
        assert_eq!("ab".repeat(32).parse(), Ok(fingerprint));
        assert_eq!(["ab"; 32].join(":").parse(), Ok(fingerprint));
    }

    #[test]
    fn shorter_or_other_text_is_no_fingerprint() {
        for text in ["", "AB", "SHA256:", &"zz".repeat(32), &"ab".repeat(33)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }
}

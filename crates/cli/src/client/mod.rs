//! The HTTP client: one server, TLS only, bounded in time and size.
//!
//! Always true
//! 1. Nothing is sent over plain HTTP, and nothing before the server's certificate was accepted.
//! 2. A call is repeated only when a second time means the same as the first, once, when the server
//!    asked for it.
//! 3. An answer larger than [`ANSWER_BYTES_MAX`] is refused while it arrives; only an export
//!    streams.

mod call;
mod holder;
pub(crate) mod operations;
mod tls;
mod transport;

use std::io;
use std::path::PathBuf;

pub(crate) use call::Call;
pub(crate) use holder::{Credential, HolderKey, hashed, random_text};
pub(crate) use operations::Operation;
pub use tls::FingerprintError;
pub(crate) use tls::{Fingerprint, Trust};
pub(crate) use transport::{Answer, Stream, Transport};

use crate::Exit;

/// Largest answer that is read into memory: an environment full of the largest secrets, in base64,
/// with room.
pub(crate) const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// Not an `https` URL.
    #[error("{0:?} is not the https URL of a server")]
    Url(String),
    /// The connection failed.
    #[error("cannot reach {server}: {why}")]
    Unreachable { server: String, why: String },
    /// The server showed another certificate than the pinned one.
    #[error(
        "{server} shows another certificate than the one pinned at sign-in:\n  \
         pinned {pinned}\n  shown  {shown}"
    )]
    Changed { server: String, pinned: Fingerprint, shown: Fingerprint },
    /// The server is not trusted yet, or its authority does not vouch for it.
    #[error("the certificate of {server} is not trusted: {shown}")]
    Untrusted { server: String, shown: Fingerprint },
    /// The authority's file is of no use.
    #[error("cannot use the certificates in {}: {why}", file.display())]
    Authority { file: PathBuf, why: String },
    /// The answer broke off, or is too large.
    #[error("the answer could not be read")]
    Answer(#[source] io::Error),
    /// The answer is not of the form this version understands.
    #[error("the server's answer is not of the form this version understands")]
    Shape,
}

impl TransportError {
    /// The exit code that says this.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Url(_) => Exit::Usage,
            Self::Unreachable { .. } => Exit::TryAgain,
            Self::Changed { .. } | Self::Untrusted { .. } => Exit::Refused,
            Self::Authority { .. } | Self::Answer(_) | Self::Shape => Exit::Failed,
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::Url(_) => "Give --server https://HOST:PORT.",
            Self::Unreachable { .. } => "Check that the server runs (`casemate up`) and the URL.",
            Self::Changed { .. } => {
                "Somebody may be in between. If the operator made a new certificate, compare its \
                 fingerprint with them and run `casemate login --repin`."
            }
            Self::Untrusted { .. } => {
                "Compare the fingerprint with the one `casemate up` printed, then sign in with \
                 `casemate login --fingerprint SHA256:...`, or give --ca FILE."
            }
            Self::Authority { .. } => {
                "Give --ca a PEM file with the server's or its CA's certificate."
            }
            Self::Answer(_) => "Try again; give the request to the operator when it stays.",
            Self::Shape => "Compare the versions of server and CLI (`casemate --version`).",
        }
        .to_owned()
    }
}

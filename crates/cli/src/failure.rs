//! Why a command ended without doing what was asked, and what to do next.
//!
//! Always true: a message names what failed and never repeats a secret; the advice is something the
//! reader can do.

use std::io;
use std::path::PathBuf;

use domain::streams::StreamTrouble;

use crate::Exit;
use crate::client::TransportError;
use crate::credentials::CredentialsError;
use crate::problem::Problem;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was asked makes no sense.
    #[error("{what}")]
    Input { what: String, advice: String },
    /// A name that nothing visible has.
    #[error("there is no {noun} called {name:?} that you can see")]
    NotFound { noun: &'static str, name: String, advice: String },
    /// The server answered with a problem.
    #[error("{0}")]
    Answer(Box<Problem>),
    /// The server could not be reached, or is not the one that is trusted.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The stored sign-in could not be read or written.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// A file could not be used.
    #[error("cannot {what} {}", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
    /// A receiver of the log did not take a test record.
    #[error("the receiver did not take the test record: {0}")]
    NotTaken(StreamTrouble),
    /// The system refused something else.
    #[error("cannot {what}")]
    System { what: &'static str, source: io::Error },
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Answer(Box::new(problem))
    }
}

impl Failure {
    /// Input that makes no sense, with what to do about it.
    pub(crate) fn input(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Input { what: what.into(), advice: advice.into() }
    }

    /// A result could not be written to stdout.
    pub(crate) const fn stdout(source: io::Error) -> Self {
        Self::System { what: "write the result", source }
    }

    /// Whether the reader of our output went away, which is their right.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::System { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code that says this.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Input { .. } => Exit::Usage,
            Self::NotFound { .. } => Exit::NotFound,
            Self::Answer(problem) => problem.exit(),
            Self::Transport(error) => error.exit(),
            Self::Credentials(error) => error.exit(),
            Self::File { .. } | Self::NotTaken(_) => Exit::Failed,
            Self::System { .. } if self.is_broken_pipe() => Exit::Done,
            Self::System { .. } => Exit::Failed,
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::Input { advice, .. } | Self::NotFound { advice, .. } => advice.clone(),
            Self::Answer(problem) => problem.advice(),
            Self::Transport(error) => error.advice(),
            Self::Credentials(error) => error.advice().to_owned(),
            Self::NotTaken(trouble) => untaken(*trouble).to_owned(),
            Self::File { source, .. } | Self::System { source, .. } => mend(source).to_owned(),
        }
    }

    /// The stable code, for `--json`.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Input { .. } => "cli.input",
            Self::NotFound { .. } => "not_found",
            Self::Answer(problem) => &problem.code,
            Self::Transport(_) => "cli.transport",
            Self::Credentials(_) => "cli.credentials",
            Self::NotTaken(_) => "cli.not_taken",
            Self::File { .. } => "cli.file",
            Self::System { .. } => "cli.system",
        }
    }
}

/// What to do about a receiver that takes nothing.
const fn untaken(trouble: StreamTrouble) -> &'static str {
    match trouble {
        StreamTrouble::AddressRefused => {
            "Its address is private or not https; whoever runs the server may allow it \
             (outbound.allow)."
        }
        StreamTrouble::Unreachable => {
            "Check its name, its port and its certificate, from where the server runs."
        }
        StreamTrouble::Slow => "It has 15 seconds to answer.",
        StreamTrouble::Throttled | StreamTrouble::Broken => "Look at the receiver's own log.",
        StreamTrouble::Unauthorised => {
            "Check that it has the stream's secret, or rotate: casemate audit stream rotate."
        }
        StreamTrouble::Rejected => "Check the path of its address; redirects are not followed.",
        StreamTrouble::Gone => "It is gone for good: remove the stream and add another.",
        StreamTrouble::SecretLost => "Rotate it: casemate audit stream rotate.",
    }
}

/// What to do about an error of the operating system.
pub(crate) fn mend(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => "Check the path.",
        io::ErrorKind::PermissionDenied => "Check who owns it and its mode.",
        io::ErrorKind::AlreadyExists => "Choose another path; nothing is overwritten.",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "The disk is full: make room and run the command again."
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "The folder is read-only: choose another one (CASEMATE_CONFIG_DIR moves the \
             configuration)."
        }
        _ => "The reason given by the system is above.",
    }
}

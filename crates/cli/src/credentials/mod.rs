//! What this machine remembers of a sign-in: the tokens, sealed, and the pins of the server, in
//! clear.
//!
//! Always true
//! 1. Tokens are on disk only inside an AEAD envelope whose key is kept apart ([`keyring`], a
//!    machine key in a folder of its own, or a passphrase).
//! 2. The sealed session names its server and its certificate, so whoever edits the pins beside it
//!    cannot have the tokens sent elsewhere.
//! 3. Files are 0600 in folders 0700, replaced by rename; two processes refresh one after the other
//!    ([`Lock`]).
//!
//! The pins (server, certificate, log key) outlive the session: signing out forgets no key that
//! `verify` needs.

mod device;
mod evidence;
mod folder;
mod keyring;
mod lockbox;
mod pins;
mod session;

use std::io;
use std::path::PathBuf;

pub(crate) use evidence::{Kept, Piece};
pub(crate) use folder::{Lock, write_private};
pub(crate) use pins::Pins;
pub(crate) use session::{Issued, Session};

use crate::Exit;
use crate::config::Settings;
use lockbox::Lockbox;

/// Why the stored sign-in is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// Nobody is signed in in this profile.
    #[error("nobody is signed in")]
    SignedOut,
    /// The session was ended from elsewhere.
    #[error("signed out elsewhere")]
    Revoked,
    /// The key that opens the session is gone: the kernel's keyring is emptied at restart.
    #[error("the stored sign-in can no longer be opened: {0}")]
    KeyGone(&'static str),
    /// The session was altered, or is of a newer version.
    #[error("{} is damaged or not of this version", .0.display())]
    Damaged(PathBuf),
    /// The session belongs to another server.
    #[error("this profile is signed in to {signed_in}, not to {asked}")]
    OtherServer { signed_in: String, asked: String },
    /// A file of the profile could not be used.
    #[error("cannot {what} {}", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
}

impl CredentialsError {
    /// The exit code that says this.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::SignedOut | Self::Revoked | Self::KeyGone(_) | Self::Damaged(_) => Exit::SignIn,
            Self::OtherServer { .. } => Exit::Usage,
            Self::File { .. } => Exit::Failed,
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::SignedOut | Self::Revoked | Self::KeyGone(_) | Self::Damaged(_) => {
                "Run `casemate login`."
            }
            Self::OtherServer { .. } => {
                "Name another --profile, or run `casemate login --server URL` for this one."
            }
            Self::File { source, .. } => crate::failure::mend(source),
        }
    }
}

/// The stored sign-in of one profile.
#[derive(Debug)]
pub(crate) struct Credentials {
    folder: PathBuf,
    lockbox: Lockbox,
}

impl Credentials {
    /// The stored sign-in of the profile these settings name. Touches no file.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self { folder: settings.profile_folder(), lockbox: Lockbox::of(settings) }
    }

    /// The pins of the profile; `None` before the first sign-in.
    ///
    /// Errors: the file is there and cannot be read.
    pub(crate) fn pins(&self) -> Result<Option<Pins>, CredentialsError> {
        let path = self.pins_path();
        let Some(bytes) = folder::read(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|_| CredentialsError::Damaged(path))
    }

    /// Remembers these pins.
    ///
    /// Errors: the folder cannot be written.
    pub(crate) fn remember(&self, pins: &Pins) -> Result<(), CredentialsError> {
        let path = self.pins_path();
        let bytes =
            serde_json::to_vec_pretty(pins).map_err(|_| CredentialsError::Damaged(path.clone()))?;
        write_private(&path, &bytes)
    }

    /// The session; `None` when nobody is signed in.
    ///
    /// Errors: it is there and cannot be opened.
    pub(crate) fn session(&self) -> Result<Option<Session>, CredentialsError> {
        let path = self.session_path();
        let Some(sealed) = folder::read(&path)? else { return Ok(None) };
        let opened = self.lockbox.open(&path, &sealed)?;
        Session::from_bytes(&opened).map(Some).ok_or(CredentialsError::Damaged(path))
    }

    /// Stores the session, sealed. The text says how it was sealed when that is weaker than it
    /// could be.
    ///
    /// Errors: it cannot be sealed or written; what was there before is still there.
    pub(crate) fn store(&self, session: &Session) -> Result<Option<String>, CredentialsError> {
        let path = self.session_path();
        let bytes = session.to_bytes().ok_or_else(|| CredentialsError::Damaged(path.clone()))?;
        let sealed = self.lockbox.seal(&path, bytes)?;
        write_private(&path, &sealed.bytes)?;
        Ok(sealed.notice)
    }

    /// Forgets the session and its key. The pins stay.
    ///
    /// Errors: the file is there and cannot be removed.
    pub(crate) fn forget(&self) -> Result<(), CredentialsError> {
        Lockbox::forget(&self.session_path());
        folder::remove(&self.session_path())
    }

    /// The evidence that was kept.
    ///
    /// Errors: the file is there and cannot be read.
    pub(crate) fn evidence(&self) -> Result<Kept, CredentialsError> {
        let file = folder::read(&self.evidence_path())?;
        Ok(file.map(|file| Kept::read(&file)).unwrap_or_default())
    }

    /// Keeps these pieces of evidence beside what was kept before.
    ///
    /// Errors: the file cannot be read or written.
    pub(crate) fn keep(&self, pieces: Vec<Piece>) -> Result<(), CredentialsError> {
        if pieces.is_empty() {
            return Ok(());
        }
        let _lock = self.lock()?;
        let mut kept = self.evidence()?;
        kept.add(pieces);
        write_private(&self.evidence_path(), &kept.lines())
    }

    fn evidence_path(&self) -> PathBuf {
        self.folder.join("evidence.ndjson")
    }

    /// Waits until no other process of this profile refreshes or signs in.
    ///
    /// Errors: the folder cannot be written.
    pub(crate) fn lock(&self) -> Result<Lock, CredentialsError> {
        Lock::take(&self.folder.join("lock"))
    }

    fn session_path(&self) -> PathBuf {
        self.folder.join("session.sealed")
    }

    fn pins_path(&self) -> PathBuf {
        self.folder.join("server.json")
    }
}

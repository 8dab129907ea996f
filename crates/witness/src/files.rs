//! The folder of a witness, and how its files are written and read.
//!
//! Always true
//! 1. A file is replaced whole: it is durable under another name before it gets its own, and its
//!    folder is durable before anybody is told.
//! 2. Files are for their owner alone (0600, folder 0700).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Most bytes of a file that is read: a thousand logs fit.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a witness does not start or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A file or folder cannot be used.
    #[error("{path} cannot be used: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::ErrorKind,
    },
    /// There is a witness in this folder already.
    #[error("{0} holds a witness already")]
    Exists(PathBuf),
    /// There is no witness in this folder, or its record is gone.
    #[error("{0} is missing")]
    Missing(PathBuf),
    /// A file is not what this program wrote or reads.
    #[error("line {line} of {path} cannot be read")]
    Form {
        /// Which.
        path: PathBuf,
        /// Counted from 1; 0 when the file as a whole is meant.
        line: usize,
    },
    /// Another process runs this witness.
    #[error("another process runs the witness in {0}")]
    Held(PathBuf),
    /// The name cannot stand in a signature line.
    #[error("a witness's name has no space and no +: take a host name and a path")]
    Name,
    /// The key could not be made or used.
    #[error("the key cannot be used")]
    Key,
}

/// A witness's folder, held by this process.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    // The kernel lets go of it when this process ends, however it ends.
    _lock: File,
}

impl Home {
    /// Makes the folder if need be, and takes it.
    ///
    /// # Errors
    /// [`Trouble::File`], [`Trouble::Held`].
    pub fn take(folder: &Path) -> Result<Self, Trouble> {
        if !folder.is_dir() {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| trouble(folder, &error))?;
        }
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(|error| trouble(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: file }),
            Err(TryLockError::WouldBlock) => Err(Trouble::Held(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(trouble(&path, &error)),
        }
    }

    /// The private key and the name.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// The record of what was cosigned.
    #[must_use]
    pub fn book(&self) -> PathBuf {
        self.folder.join("record")
    }

    /// The list of logs to watch, unless another one is named.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }
}

pub(crate) fn trouble(path: &Path, error: &io::Error) -> Trouble {
    Trouble::File { path: path.to_owned(), why: error.kind() }
}

/// The whole file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, Trouble> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(trouble(path, &error)),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| trouble(path, &error))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Trouble::Form { path: path.to_owned(), line: 0 });
    }
    Ok(Some(text))
}

/// Writes a file that must not exist yet.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), Trouble> {
    if path.exists() {
        return Err(Trouble::Exists(path.to_owned()));
    }
    replace(path, text)
}

/// Gives a file new content. When this returns, the content survives a crash.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Trouble> {
    durably(path, text).map_err(|error| trouble(path, &error))
}

fn durably(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    // Without this, a crash could bring the old file back under the name.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

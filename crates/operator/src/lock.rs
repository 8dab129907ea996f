//! One `up` per data folder.
//!
//! Always true: while a [`FolderLock`] lives, no other process on this host has one for the same
//! folder. The kernel lets go of it when its holder dies, however it dies, so a stale file never
//! blocks a start.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Teaches};

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another process has it.
    #[error("the data folder is in use by process {}", holder(*pid))]
    Held {
        /// Who, if it wrote its id.
        pid: Option<u32>,
    },
    /// The file could not be opened or written.
    #[error("the lock file {path} cannot be used")]
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "(unknown)".into(), |pid| pid.to_string())
}

impl Teaches for LockError {
    fn mend(&self) -> String {
        match self {
            Self::Held { pid: Some(pid) } => {
                format!("stop it with `kill {pid}`, or give another folder with --data")
            }
            Self::Held { pid: None } => "stop it, or give another folder with --data".into(),
            Self::Unusable { path, source } => crate::folders::mend_io(path, source),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Held { .. } => Exit::Conflict,
            Self::Unusable { source, .. } => crate::folders::exit_io(source),
        }
    }
}

/// The right to run on a data folder.
#[derive(Debug)]
pub(crate) struct FolderLock {
    // Closing the file gives the lock back; it is close-on-exec, so children never hold it.
    _file: File,
}

impl FolderLock {
    /// Takes the lock at `path` without waiting and writes this process's id into it.
    ///
    /// # Errors
    /// [`LockError`]; in every case nothing was changed for the holder.
    pub(crate) fn take(path: &Path) -> Result<Self, LockError> {
        let unusable = |source| LockError::Unusable { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { pid: pid_in(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.sync_all())
            .map_err(unusable)?;
        Ok(Self { _file: file })
    }
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_is_refused_and_names_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let _first = FolderLock::take(&path).unwrap();
        let error = FolderLock::take(&path).unwrap_err();
        assert!(matches!(error, LockError::Held { pid: Some(pid) } if pid == std::process::id()));
        assert!(error.mend().contains(&std::process::id().to_string()));
        assert_eq!(error.exit(), Exit::Conflict);
    }

    #[test]
    fn a_lock_file_left_behind_blocks_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::fs::write(&path, "4294967295\n").unwrap();
        drop(FolderLock::take(&path).unwrap());
        let _again = FolderLock::take(&path).unwrap();
    }
}

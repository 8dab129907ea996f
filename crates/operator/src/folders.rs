//! Folders and small files with the right owner and mode, written so that a crash leaves the old or
//! the new.
//!
//! Always true: what this module writes is readable by its owner alone, durable before it returns,
//! and complete under its final name.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Teaches};

/// A file or folder could not be made, read or changed.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be {act}")]
pub(crate) struct FolderError {
    path: PathBuf,
    act: &'static str,
    source: io::Error,
}

impl FolderError {
    pub(crate) fn new(path: &Path, act: &'static str, source: io::Error) -> Self {
        Self { path: path.to_owned(), act, source }
    }
}

impl Teaches for FolderError {
    fn mend(&self) -> String {
        mend_io(&self.path, &self.source)
    }

    fn exit(&self) -> Exit {
        exit_io(&self.source)
    }
}

/// What a person can do about an error of the file system.
pub(crate) fn mend_io(path: &Path, source: &io::Error) -> String {
    mend_kind(path, source.kind())
}

/// As [`mend_io`], when only the kind of the error is known.
pub(crate) fn mend_kind(path: &Path, kind: ErrorKind) -> String {
    let path = path.display();
    match kind {
        ErrorKind::PermissionDenied => {
            format!("let this user own {path}, or give another folder with --data or --config")
        }
        ErrorKind::ReadOnlyFilesystem => {
            format!(
                "{path} is on a read-only file system: mount it writable, or give another folder"
            )
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!(
                "free some space on the disk that holds {path}, then start again: nothing was lost"
            )
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            format!("something that is not a folder is in the way of {path}: move it")
        }
        ErrorKind::ResourceBusy => {
            format!("another command is changing {path}: try again when it has ended")
        }
        ErrorKind::NotFound => format!("make the folder that should hold {path}"),
        _ => format!("see that the disk that holds {path} is healthy"),
    }
}

pub(crate) fn exit_io(source: &io::Error) -> Exit {
    exit_kind(source.kind())
}

/// As [`exit_io`], when only the kind of the error is known.
pub(crate) const fn exit_kind(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Exit::Refused,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ResourceBusy => {
            Exit::TryAgain
        }
        _ => Exit::Failed,
    }
}

/// Makes `path` and the folders above it. The folder itself gets `mode`; an existing one gets it
/// too.
pub(crate) fn make(path: &Path, mode: u32) -> Result<(), FolderError> {
    if !path.is_dir() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(path).map_err(|e| FolderError::new(path, "made", e))?;
    }
    set_mode(path, mode)
}

/// Makes `path` for its owner alone unless it is there; leaves the mode of an existing one to
/// whoever chose it.
pub(crate) fn make_if_missing(path: &Path) -> Result<(), FolderError> {
    if path.is_dir() { Ok(()) } else { make(path, 0o700) }
}

/// Sets the mode of `path` if it differs.
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), FolderError> {
    let meta = path.metadata().map_err(|e| FolderError::new(path, "read", e))?;
    if meta.mode() & 0o7777 == mode {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|e| FolderError::new(path, "given its permissions", e))
}

/// Gives `path` to `uid` and `gid` if it is another's.
pub(crate) fn set_owner(path: &Path, uid: u32, gid: u32) -> Result<(), FolderError> {
    let meta = path.symlink_metadata().map_err(|e| FolderError::new(path, "read", e))?;
    if meta.uid() == uid && meta.gid() == gid {
        return Ok(());
    }
    std::os::unix::fs::lchown(path, Some(uid), Some(gid))
        .map_err(|e| FolderError::new(path, "given its owner", e))
}

/// Replaces the file at `path` by `bytes`, mode 0600: temporary file, sync, rename, sync of the
/// folder.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let failed = |source| FolderError::new(path, "written", source);
    let temporary = path.with_extension("new");
    let _ = std::fs::remove_file(&temporary);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(failed)?;
    sync_parent(path).map_err(failed)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_folder_is_its_owners_alone_even_if_it_was_open_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        make(&path, 0o700).unwrap();
        set_mode(&path, 0o755).unwrap();
        make(&path, 0o700).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o700);
    }

    #[test]
    fn a_written_file_is_its_owners_alone_and_a_leftover_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("FORMAT");
        std::fs::write(path.with_extension("new"), "half").unwrap();
        write_whole(&path, b"1\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"1\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o600);
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_file_in_the_folders_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        std::fs::write(&path, "").unwrap();
        let error = make(&path, 0o700).unwrap_err();
        assert!(error.mend().contains("in the way"), "{}", error.mend());
    }
}

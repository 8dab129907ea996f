//! Private files: 0600 in folders 0700, replaced whole or not at all, and the lock between two
//! processes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::CredentialsError;

/// Largest file of a profile: a session is about 2 KiB, four hundred pieces of evidence about 300.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CredentialsError {
    let path = path.to_owned();
    move |source| CredentialsError::File { what, path, source }
}

/// The bytes of a file; `None` when there is none.
///
/// Errors: it cannot be read, or is larger than anything this client writes.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, CredentialsError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    let within = u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_BYTES_MAX);
    if within { Ok(Some(bytes)) } else { Err(CredentialsError::Damaged(path.to_owned())) }
}

/// Puts these bytes at `path`, readable by the owner alone. After a crash or on a full disk the
/// file has either its old bytes or its new ones.
///
/// Errors: the folder or the file cannot be written.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), CredentialsError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed("make the folder", folder))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = folder.join(name);
    let written = fill(&fresh, bytes).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written.map_err(failed("write", path))
}

fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file that may be gone already.
///
/// Errors: it is there and cannot be removed.
pub(super) fn remove(path: &Path) -> Result<(), CredentialsError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The right to change a profile's session; released when dropped, and by the kernel when the
/// process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock in this file.
    pub(super) fn take(path: &Path) -> Result<Self, CredentialsError> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed("make the folder", folder))?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)
            .map_err(failed("open", path))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|error| failed("lock", path)(error.into()))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn private_files_are_for_their_owner_alone() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("a/b/file");
        write_private(&path, b"1").unwrap();
        write_private(&path, b"2").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(read(&path).unwrap().unwrap(), b"2");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_larger_than_any_of_ours_is_damaged() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("file");
        fs::write(&path, vec![0; 1_048_577]).unwrap();
        assert!(matches!(read(&path), Err(CredentialsError::Damaged(_))));
    }

    #[test]
    fn a_folder_that_is_a_file_is_told_and_nothing_is_left_behind() {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("profiles"), b"in the way").unwrap();
        let failure = write_private(&base.path().join("profiles/x/file"), b"1").unwrap_err();
        assert!(failure.to_string().contains("profiles"), "{failure}");
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_second_lock_waits_for_the_first() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("lock");
        let held = Lock::take(&path).unwrap();
        let other = File::open(&path).unwrap();
        assert!(flock(&other, FlockOperation::NonBlockingLockExclusive).is_err());
        drop(held);
        assert!(flock(&other, FlockOperation::NonBlockingLockExclusive).is_ok());
    }
}

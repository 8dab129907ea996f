//! A folder: another disk, or another machine's that is mounted here.
//!
//! Always true
//! 1. Files are readable by their owner alone, and are renamed into place after they were synced.
//! 2. What a crash leaves behind ends in `.unfinished`, is never listed, and is written over or
//!    removed by the next run.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{NAMES_MAX, PlaceError, Writing, failed};

const UNFINISHED: &str = ".unfinished";

/// A folder that backups lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderPlace {
    folder: PathBuf,
}

impl FolderPlace {
    /// The place in this folder, which is made when it is first written to.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub(super) fn begin(&self, name: &str) -> Result<Box<dyn Writing + '_>, PlaceError> {
        let wrong = |source| failed(name, "written", source);
        let target = self.at(name).map_err(wrong)?;
        let parent = target.parent().unwrap_or(&self.folder);
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(parent).map_err(wrong)?;
        let unfinished = with_suffix(&target);
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&unfinished).map_err(wrong)?;
        let name = name.to_owned();
        Ok(Box::new(FileWriting { name, file, unfinished, target, settled: false }))
    }

    pub(super) fn read(&self, name: &str) -> Result<Box<dyn Read + '_>, PlaceError> {
        let file = self.at(name).and_then(File::open);
        Ok(Box::new(file.map_err(|source| failed(name, "read", source))?))
    }

    pub(super) fn size(&self, name: &str) -> Result<Option<u64>, PlaceError> {
        match self.at(name).and_then(fs::metadata) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(name, "looked at", error)),
        }
    }

    pub(super) fn list(&self, prefix: &str) -> Result<Vec<String>, PlaceError> {
        let wrong = |source| failed(prefix, "listed", source);
        let folder =
            if prefix.is_empty() { self.folder.clone() } else { self.at(prefix).map_err(wrong)? };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(wrong)?,
        };
        let mut names = Vec::new();
        for entry in entries.take(NAMES_MAX) {
            let name = entry.map_err(wrong)?.file_name();
            names.extend(name.into_string().ok().filter(|name| !name.ends_with(UNFINISHED)));
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), PlaceError> {
        let wrong = |source| failed(name, "removed", source);
        let path = self.at(name).map_err(wrong)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(wrong(error)),
            _ => sync_parent(&path).map_err(wrong),
        }
    }

    pub(super) fn clear_unfinished(&self, prefix: &str) -> Result<(), PlaceError> {
        let wrong = |source| failed(prefix, "removed", source);
        let entries = match fs::read_dir(self.at(prefix).map_err(wrong)?) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(wrong)?,
        };
        for entry in entries {
            let path = entry.map_err(wrong)?.path();
            if path.to_str().is_some_and(|path| path.ends_with(UNFINISHED)) {
                fs::remove_file(&path).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// The path of a name, which may hold `/` between words of its own alphabet and nothing else.
    fn at(&self, name: &str) -> io::Result<PathBuf> {
        let plain = |word: &str| {
            !word.is_empty()
                && word != "."
                && word != ".."
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        };
        if name.split('/').all(plain) {
            Ok(self.folder.join(name))
        } else {
            Err(ErrorKind::InvalidInput.into())
        }
    }
}

struct FileWriting {
    name: String,
    file: File,
    unfinished: PathBuf,
    target: PathBuf,
    settled: bool,
}

impl Write for FileWriting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Writing for FileWriting {
    fn settle(mut self: Box<Self>) -> Result<(), PlaceError> {
        let done = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.unfinished, &self.target))
            .and_then(|()| sync_parent(&self.target));
        done.map_err(|source| failed(&self.name, "written", source))?;
        self.settled = true;
        Ok(())
    }
}

impl Drop for FileWriting {
    fn drop(&mut self) {
        if !self.settled {
            // What could not be written whole gives its room back at once.
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    name.into()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

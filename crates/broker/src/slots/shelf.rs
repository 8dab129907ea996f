//! The folder of slot files: what lies in it, what a new one is called, and who may change it.
//!
//! Always true
//! 1. A slot's name is its kind, with a number after it from the second on: `age`, `age-2`.
//!    Whatever else lies in the folder is no slot.
//! 2. One process changes the folder at a time.
//! 3. A slot file is replaced whole or not at all, and durably.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use seal::Slot;
use seal::slot::Kind;

use super::{
    file_error, give_to_folders_owner, move_into_place, read_slot, replace_private, sync_folder_of,
};
use crate::start_error::StartError;
use crate::status::SlotKind;

/// Most slots of one root key: each passphrase among them costs a start a quarter of a second.
pub const SLOTS_MAX: usize = 32;

/// The record of changes, beside the slots.
const CHANGES: &str = "changes.log";

/// A slot file where it lies.
pub struct Placed {
    /// Its name: the file's, without its ending.
    pub name: String,
    /// The kind that the name says.
    pub kind: SlotKind,
    /// What is in it; `None` when it cannot be read, or is of another kind than its name.
    pub slot: Option<Slot>,
}

/// The slots in `folder`: by kind, then by number, at most [`SLOTS_MAX`].
#[must_use]
pub fn list(folder: &Path) -> Vec<Placed> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(usize, u32, Placed)> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let name = path.file_name()?.to_str()?.strip_suffix(".slot")?;
            let (order, kind, number) = read_name(name)?;
            let slot = read_slot(&path).filter(|slot| slot.kind() == kind);
            Some((order, number, Placed { name: name.to_owned(), kind: kind.into(), slot }))
        })
        .collect();
    found.sort_by_key(|(order, number, _)| (*order, *number));
    found.into_iter().take(SLOTS_MAX).map(|(_, _, placed)| placed).collect()
}

/// The kind's place in the order, the kind, and the number that a name says.
fn read_name(name: &str) -> Option<(usize, Kind, u32)> {
    Kind::ALL.into_iter().enumerate().find_map(|(order, kind)| {
        let rest = name.strip_prefix(kind.as_str())?;
        if rest.is_empty() {
            return Some((order, kind, 1));
        }
        let number: u32 = rest.strip_prefix('-')?.parse().ok()?;
        let spelled = number >= 2 && rest == format!("-{number}");
        spelled.then_some((order, kind, number))
    })
}

/// The first name of `kind` that no slot has.
pub(crate) fn free_name(placed: &[Placed], kind: SlotKind) -> String {
    let word = Kind::from(kind).as_str();
    let names = std::iter::once(word.to_owned()).chain((2u32..).map(|n| format!("{word}-{n}")));
    let mut free = names.filter(|name| placed.iter().all(|one| one.name != *name));
    free.next().unwrap_or_default()
}

/// The folder, for one process to change.
pub(crate) struct Shelf {
    folder: PathBuf,
    _lock: File,
}

impl Shelf {
    /// Takes the folder; `None` when another process has it.
    pub(crate) fn take(folder: &Path) -> Result<Option<Self>, StartError> {
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&path).map_err(|source| file_error(&path, source))?;
        // Whoever makes the file, the broker's user takes it as well.
        give_to_folders_owner(&path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { folder: folder.to_owned(), _lock: lock })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(source)) => Err(file_error(&path, source)),
        }
    }

    pub(crate) fn list(&self) -> Vec<Placed> {
        list(&self.folder)
    }

    /// Writes a slot beside its place, and reads it back from there.
    pub(crate) fn stage(&self, name: &str, slot: &Slot) -> Result<Option<Slot>, StartError> {
        let fresh = self.fresh(name);
        replace_private(&fresh, slot.to_string().as_bytes())?;
        give_to_folders_owner(&fresh)?;
        Ok(read_slot(&fresh).filter(|read| read == slot))
    }

    /// Gives a staged slot its place: from here on it is the one.
    pub(crate) fn settle(&self, name: &str) -> Result<(), StartError> {
        move_into_place(&self.fresh(name), &self.path(name))
    }

    /// Takes a staged slot away again.
    pub(crate) fn unstage(&self, name: &str) {
        let _ = std::fs::remove_file(self.fresh(name));
    }

    /// Removes a slot, durably.
    pub(crate) fn remove(&self, name: &str) -> Result<(), StartError> {
        let path = self.path(name);
        std::fs::remove_file(&path)
            .and_then(|()| sync_folder_of(&path))
            .map_err(|source| file_error(&path, source))
    }

    /// Adds a line to the record of changes, durably, before the change is made.
    pub(crate) fn record(&self, line: &str) -> Result<(), StartError> {
        let path = self.folder.join(CHANGES);
        let mut options = OpenOptions::new();
        let written =
            options.append(true).create(true).mode(0o600).open(&path).and_then(|mut file| {
                file.write_all(format!("{line}\n").as_bytes())?;
                file.sync_all()?;
                sync_folder_of(&path)
            });
        written.map_err(|source| file_error(&path, source))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.slot"))
    }

    fn fresh(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.new"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_kind_and_perhaps_a_number_in_one_spelling() {
        let read = |name: &str| read_name(name).map(|(_, kind, number)| (kind, number));
        assert_eq!(read("age"), Some((Kind::Age, 1)));
        assert_eq!(read("key-file"), Some((Kind::KeyFile, 1)));
        assert_eq!(read("shamir-12"), Some((Kind::Shamir, 12)));
        for other in ["", "age-", "age-1", "age-02", "age-+2", "age-x", "ages", "other", "age.old"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_folder_is_listed_by_kind_and_number_with_what_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["shamir.slot", "age-10.slot", "age.slot", "age-2.slot", "x.slot", "age.new"] {
            std::fs::write(folder.path().join(name), "no slot").unwrap();
        }
        let placed = list(folder.path());
        let names: Vec<&str> = placed.iter().map(|placed| placed.name.as_str()).collect();
        assert_eq!(names, ["age", "age-2", "age-10", "shamir"]);
        assert!(placed.iter().all(|placed| placed.slot.is_none()));
        assert_eq!(free_name(&placed, SlotKind::Age), "age-3");
        assert_eq!(free_name(&placed, SlotKind::Kms), "kms");
    }

    #[test]
    fn one_process_changes_the_folder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Shelf::take(folder.path()).unwrap();
        assert!(first.is_some());
        assert!(Shelf::take(folder.path()).unwrap().is_none());
        drop(first);
        assert!(Shelf::take(folder.path()).unwrap().is_some());
    }
}

//! The keys on their way out and back: the key store, the journal of openings, the ledger of what
//! was shredded, and the API's certificate, which clients have pinned.
//!
//! Always true
//! 1. The journal is copied after the key store: it is never behind what the copied store knows.
//! 2. The newest ledger counts, whichever backup is restored: it is compared with the one beside
//!    the slots, and the longer one is kept, if the shorter is its beginning.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use backup::{Backup, Index, Writer};
use seal::RootKey;

use super::source::file;
use crate::failure::{Exit, Failure};
use crate::folders::{self, FolderError};
use crate::keys::key_store;
use crate::layout::DataFolder;
use crate::settings::Settings;

const STORE: &str = "keys";
const JOURNAL: &str = "journal";
const LEDGER: &str = "ledger";
const CERTIFICATE: &str = "certificate";
const CERTIFICATE_KEY: &str = "certificate-key";
const NOBODY: [u8; 16] = [0; 16];
/// Tries to copy store and journal without the journal moving on to a new file between.
const TRIES: usize = 5;

/// Sends them.
///
/// # Errors
/// The files', the place's.
pub(super) fn send(settings: &Settings, writer: &mut Writer<'_>) -> Result<(), Failure> {
    let scratch = settings.places.data.backup_scratch();
    let store = scratch.join("keys.db");
    let journal = settings.config.broker.key_store.join("journal");
    let copy = scratch.join("journal");
    for _ in 0..TRIES {
        let _ = std::fs::remove_file(&store);
        let before = inode(&journal);
        broker::backup::snapshot_keys(&key_store(settings), &store)?;
        if before.is_some() {
            copy_file(&journal, &copy)?;
        }
        if inode(&journal) == before {
            break;
        }
    }
    file(writer, STORE, NOBODY, &store, &[])?;
    if copy.exists() {
        file(writer, JOURNAL, NOBODY, &copy, &[])?;
    }
    let ledger = broker::backup::shred_ledger_path(&settings.config.broker.slots);
    if ledger.exists() {
        file(writer, LEDGER, NOBODY, &ledger, &[])?;
    }
    let data = &settings.places.data;
    for (name, path) in
        [(CERTIFICATE, data.certificate()), (CERTIFICATE_KEY, data.certificate_key())]
    {
        if path.exists() {
            file(writer, name, NOBODY, &path, &[])?;
        }
    }
    for copied in [store, copy] {
        let _ = std::fs::remove_file(copied);
    }
    Ok(())
}

fn inode(path: &Path) -> Option<u64> {
    path.metadata().ok().map(|found| found.ino())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), FolderError> {
    std::fs::copy(from, to).map(drop).map_err(|source| FolderError::new(from, "read", source))
}

/// Where restored keys go.
pub(super) struct KeysTarget<'a> {
    /// The folder of the key store and the journal.
    pub(super) folder: &'a Path,
    /// The folder of slots and the ledger.
    pub(super) slots: &'a Path,
    /// Where the API's certificate goes.
    pub(super) data: &'a DataFolder,
}

impl KeysTarget<'_> {
    pub(super) fn store(&self) -> std::path::PathBuf {
        self.folder.join("keys.db")
    }

    /// Restores key store and journal.
    ///
    /// # Errors
    /// The backup's, the folder's.
    pub(super) fn restore(
        &self,
        backup: &Backup<'_>,
        index: &Index,
        root: &RootKey,
    ) -> Result<(), Failure> {
        let store = index.unit(STORE).ok_or_else(|| no_unit(STORE))?;
        super::target::file(backup, store, NOBODY, root, &self.store())?;
        if let Some(journal) = index.unit(JOURNAL) {
            super::target::file(backup, journal, NOBODY, root, &self.folder.join(JOURNAL))?;
        }
        folders::make_if_missing(&self.data.tls())?;
        for (name, path) in
            [(CERTIFICATE, self.data.certificate()), (CERTIFICATE_KEY, self.data.certificate_key())]
        {
            if let Some(unit) = index.unit(name) {
                super::target::file(backup, unit, NOBODY, root, &path)?;
            }
        }
        Ok(())
    }

    /// Puts the newest ledger beside the slots: the one that lies there, or the backup's.
    ///
    /// # Errors
    /// When neither is the beginning of the other.
    pub(super) fn ledger(
        &self,
        backup: &Backup<'_>,
        index: &Index,
        root: &RootKey,
    ) -> Result<(), Failure> {
        let Some(unit) = index.unit(LEDGER) else { return Ok(()) };
        let mut theirs = Vec::new();
        backup.restore(unit, NOBODY, root, &mut theirs)?;
        let path = broker::backup::shred_ledger_path(self.slots);
        let ours = std::fs::read(&path).unwrap_or_default();
        if ours.starts_with(&theirs) {
            return Ok(());
        }
        if !theirs.starts_with(&ours) {
            return Err(Failure::new(
                Exit::Refused,
                format!(
                    "{} and the backup's ledger of shredding contradict each other",
                    path.display()
                ),
                "one of them is another installation's: find out which, and move it away",
            ));
        }
        Ok(folders::write_whole(&path, &theirs)?)
    }
}

fn no_unit(name: &str) -> Failure {
    backup::ReadError::NoUnit(name.to_owned()).into()
}

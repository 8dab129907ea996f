//! Slot files in the configuration folder, and the secrets that open them.

mod change;
mod errand;
pub(crate) mod given;
mod making;
mod shelf;
mod unlock;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use domain::{Entropy, InstanceId, TimeMs};
use seal::slot::{Kind, SLOT_FILE_BYTES_MAX};
use seal::{Exposed, Key, KeyHomes, KeyId, RootKey, Slot, SlotError, SlotPair, SlotSecret};

use crate::key_store::KeyStore;
use crate::rotation::{Step, Steps};
use crate::start_error::StartError;
use crate::status::{SlotKind, SlotOutcome};

pub(crate) use change::line;
pub use change::{
    Changed, Circumstances, HandOut, SlotChangeError, SlotRule, Slots, WithoutRecovery, record,
};
pub use errand::{
    Access, Act, ERRAND_BYTES_MAX, ERRAND_MS_MAX, Errand, Errands, Fetched, Place as ElsewherePlace,
};
pub use given::{Given, GivenError};
pub use making::NewSlot;
pub(crate) use shelf::Shelf;
pub use shelf::{Placed, SLOTS_MAX, list};
pub use unlock::{Credentials, Unlock};
pub(crate) use unlock::{report_all, unlock_any};

/// Longest file of a passphrase: far above one that a person makes.
pub(crate) const PASSPHRASE_FILE_BYTES_MAX: usize = 4_096;

/// The passphrase in a file, without the end of its line.
///
/// # Errors
/// [`StartError::File`]: it cannot be read, or is longer than any passphrase.
pub fn read_passphrase(path: &Path) -> Result<Exposed, StartError> {
    let content = read_secret_file(path, PASSPHRASE_FILE_BYTES_MAX);
    let content = content.map_err(|source| file_error(path, source))?;
    let text = content.expose();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    Ok(Exposed::copy_of(text.strip_suffix(b"\r").unwrap_or(text)))
}

/// The root key that slots must lead to: those that hold it, and those that hold the private half
/// of a pair it is sealed to.
#[derive(Clone)]
pub(crate) struct Expected {
    pub(crate) instance: InstanceId,
    pub(crate) root: KeyId,
    pub(crate) check: KeyId,
    pub(crate) pairs: Vec<SlotPair>,
}

impl Expected {
    /// What the key store says.
    pub(crate) fn read(store: &KeyStore) -> Result<Self, StartError> {
        let identity = store.identity()?;
        let pairs = store.pairs().map_err(|_| store.damaged("its slot pairs cannot be read"))?;
        let (instance, root, check) = (identity.instance, identity.root_key, identity.root_check);
        Ok(Self { instance, root, check, pairs })
    }

    /// A new installation's, whose slots hold the root key itself.
    pub(crate) fn of_new(instance: InstanceId, root: &RootKey) -> Self {
        Self { instance, root: root.id(), check: root.check_value(), pairs: Vec::new() }
    }

    /// Whether the slot says that it leads to this root key.
    pub(crate) fn is_of(&self, slot: &Slot) -> bool {
        slot.instance() == self.instance && (slot.root() == self.root || self.pair(slot).is_some())
    }

    /// The pair whose private half the slot holds; `None` for a slot that holds a root key.
    pub(crate) fn pair(&self, slot: &Slot) -> Option<&SlotPair> {
        self.pairs.iter().find(|pair| pair.slot_key == slot.root())
    }
}

/// The slot file of a kind.
pub(crate) fn slot_path(folder: &Path, kind: SlotKind) -> PathBuf {
    folder.join(format!("{}.slot", Kind::from(kind).as_str()))
}

/// Opens `slot` with `secret`, and checks that it holds the expected root key.
pub(crate) fn try_secret(
    slot: &Slot,
    secret: &SlotSecret<'_>,
    expected: &Expected,
    homes: &dyn KeyHomes,
) -> Result<RootKey, SlotOutcome> {
    if !expected.is_of(slot) {
        return Err(SlotOutcome::Fails);
    }
    let held = slot.open(secret, homes);
    let root =
        held.and_then(|held| led_to(slot, held, expected, homes)).map_err(|error| match error {
            SlotError::NotASlot | SlotError::NewerFormat | SlotError::Damaged => {
                SlotOutcome::Unreadable
            }
            SlotError::Shares(_) => SlotOutcome::Incomplete,
            SlotError::OtherKind | SlotError::WrongSecret | SlotError::NoRoom(_) => {
                SlotOutcome::Fails
            }
        })?;
    let fits = root.id() == expected.root && root.check_value() == expected.check;
    if fits { Ok(root) } else { Err(SlotOutcome::Fails) }
}

/// The root key that what a slot held leads to: itself, or what is sealed to its pair.
pub(crate) fn led_to(
    slot: &Slot,
    held: RootKey,
    expected: &Expected,
    homes: &dyn KeyHomes,
) -> Result<RootKey, SlotError> {
    match expected.pair(slot) {
        Some(pair) => pair.open(&held, expected.instance, expected.root, homes),
        None => Ok(held),
    }
}

/// A new slot for `secret` that holds a key pair's private half, with the pair that leads from it
/// to `root`. Neither is kept anywhere yet.
pub(crate) fn paired(
    secret: &SlotSecret<'_>,
    instance: InstanceId,
    root: &RootKey,
    homes: &dyn KeyHomes,
    entropy: &dyn Entropy,
) -> Result<(Slot, SlotPair), SlotError> {
    let slot_key = RootKey::new(Key::random(homes, entropy)?);
    let pair = SlotPair::new(&slot_key, instance, root, homes, entropy)?;
    Ok((Slot::close(secret, instance, &slot_key, homes, entropy)?, pair))
}

/// What a slot's new form is compared with and kept in.
pub(crate) struct Pairing<'a> {
    pub(crate) store: &'a KeyStore,
    pub(crate) root: &'a RootKey,
    pub(crate) homes: &'a dyn KeyHomes,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) now: TimeMs,
    pub(crate) steps: &'a Steps,
}

impl Pairing<'_> {
    /// Puts a slot that holds a pair's private half in the place of one that holds the root key.
    /// Both open with the same secret; the new one is tried from the disk before it counts.
    ///
    /// # Errors
    /// [`SlotOutcome`] when the secret is not the slot's, or the new slot did not open.
    pub(crate) fn pair(
        &self,
        path: &Path,
        secret: &SlotSecret<'_>,
    ) -> Result<Result<(), SlotOutcome>, StartError> {
        let mut expected = Expected::read(self.store)?;
        let current = read_slot(path).ok_or(SlotOutcome::Unreadable);
        let current = current.and_then(|slot| try_secret(&slot, secret, &expected, self.homes));
        if let Err(outcome) = current {
            return Ok(Err(outcome));
        }
        let made = paired(secret, expected.instance, self.root, self.homes, self.entropy);
        let Ok((slot, pair)) = made else { return Ok(Err(SlotOutcome::Fails)) };
        let next = next_path(path);
        replace_private(&next, slot.to_string().as_bytes())?;
        expected.pairs.push(pair.clone());
        let tried = read_slot(&next).ok_or(SlotOutcome::Unreadable);
        let tried = tried.and_then(|slot| try_secret(&slot, secret, &expected, self.homes));
        if let Err(outcome) = tried {
            return Ok(Err(outcome));
        }
        let kept = self.store.insert_pair(&pair, self.now);
        kept.map_err(|_| self.store.damaged("a slot's pair could not be kept"))?;
        (self.steps)(Step::PairKept);
        move_into_place(&next, path)?;
        (self.steps)(Step::SlotPaired);
        Ok(Ok(()))
    }
}

/// Finishes what a crash left between a slot's pair and its file: a next form whose pair is kept
/// takes its place, any other is removed.
pub(crate) fn finish_pairing(folder: &Path, store: &KeyStore) -> Result<(), StartError> {
    let expected = Expected::read(store)?;
    for path in slot_files(folder)? {
        let next = next_path(&path);
        if !next.exists() {
            continue;
        }
        if read_slot(&next).is_some_and(|slot| expected.pair(&slot).is_some()) {
            move_into_place(&next, &path)?;
        } else {
            std::fs::remove_file(&next).map_err(|source| file_error(&next, source))?;
        }
    }
    Ok(())
}

/// Every slot file of the folder, in the order of their names.
pub(crate) fn slot_files(folder: &Path) -> Result<Vec<PathBuf>, StartError> {
    let failed = |source| file_error(folder, source);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "slot") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn next_path(slot: &Path) -> PathBuf {
    slot.with_extension("slot-next")
}

/// The slot in a file, or `None` when there is none that can be read.
pub(crate) fn read_slot(path: &Path) -> Option<Slot> {
    let content = read_secret_file(path, SLOT_FILE_BYTES_MAX).ok()?;
    Slot::parse(content.expose_text()?).ok()
}

/// A small file, wiped after use; larger ones are refused without being read.
pub(crate) fn read_secret_file(path: &Path, bytes_max: usize) -> io::Result<Exposed> {
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::with_capacity(bytes_max + 1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    let content = Exposed::new(bytes);
    if content.len() > bytes_max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
}

/// Writes a new file that only its owner can read, durably. An existing one is an error.
///
/// The name appears with the whole content or not at all: a crash leaves no half-written key.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), StartError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    replace_private(&fresh, content)?;
    // A link, unlike a rename, never replaces what is there.
    let linked = std::fs::hard_link(&fresh, path);
    let removed = std::fs::remove_file(&fresh);
    linked.and(removed).and_then(|()| sync_folder_of(path)).map_err(|e| file_error(path, e))
}

/// Writes a file that only its owner can read, durably, over whatever an interrupted try left.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> Result<(), StartError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    write_synced(path, options.open(path), content)
}

/// Gives a new file to the owner of its folder: root writes, the broker's user reads.
pub(crate) fn give_to_folders_owner(path: &Path) -> Result<(), StartError> {
    let Some(folder) = path.parent().filter(|_| rustix::process::geteuid().is_root()) else {
        return Ok(());
    };
    let given = folder
        .metadata()
        .and_then(|folder| std::os::unix::fs::lchown(path, Some(folder.uid()), Some(folder.gid())));
    given.map_err(|source| file_error(path, source))
}

/// Renames within a folder, durably.
pub(crate) fn move_into_place(from: &Path, to: &Path) -> Result<(), StartError> {
    std::fs::rename(from, to).and_then(|()| sync_folder_of(to)).map_err(|e| file_error(to, e))
}

/// Makes a new empty file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Makes new names in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

pub(crate) fn file_error(path: &Path, source: io::Error) -> StartError {
    StartError::File { path: path.to_owned(), source }
}

fn write_synced(path: &Path, file: io::Result<File>, content: &[u8]) -> Result<(), StartError> {
    let written = file.and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        sync_folder_of(path)
    });
    written.map_err(|source| file_error(path, source))
}

macro_rules! same_kinds {
    ($($kind:ident)*) => {
        impl From<SlotKind> for Kind {
            fn from(kind: SlotKind) -> Self {
                match kind { $(SlotKind::$kind => Self::$kind,)* }
            }
        }

        impl From<Kind> for SlotKind {
            fn from(kind: Kind) -> Self {
                match kind { $(Kind::$kind => Self::$kind,)* }
            }
        }
    };
}

same_kinds! { KeyFile Passphrase Recovery Age Shamir Credential Kms Pkcs11 Tpm }

//! `slots restore`: a new key file from the recovery code, when the old one is lost.
//!
//! Always true
//! 1. The root key stays: only the way to open it is new, so nothing is sealed again.
//! 2. The new slot is read back from the disk and really unwraps the root key before the command
//!    says that it does. What lay in its place is kept beside it, with `.old` at the end of its
//!    name.
//! 3. The root key passes through this process, which first gives up core dumps and being read by
//!    others of its user.

use std::path::{Path, PathBuf};

use broker::Exposed;
use broker::slots::SlotChangeError;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seal::slot::SLOT_FILE_BYTES_MAX;
use seal::{
    HeapHomes, Key, RecoveryCode, RecoveryCodeError, RootKey, Slot, SlotError, SlotSecret,
    SystemClock, SystemEntropy, key_file,
};

use crate::failure::{Exit, Teaches};
use crate::folders::{self, FolderError};

/// Why no key file was made. The slots are as they were, or their old files lie beside them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// What was typed is no recovery code.
    #[error("this is no recovery code")]
    Typed(#[from] RecoveryCodeError),
    /// There is no recovery slot, or it is damaged.
    #[error("{0} is missing or damaged, and without it the code opens nothing")]
    NoRecoverySlot(PathBuf),
    /// The code is that of another installation.
    #[error("the code does not open the recovery slot")]
    WrongCode(#[source] SlotError),
    /// The new slot did not give the root key back.
    #[error("the new key file did not open the root key when it was tried")]
    NotTried,
    /// This process could not be made private.
    #[error("this process cannot be protected, so no key is brought into it")]
    Unprotected(#[source] rustix::io::Errno),
    /// The change could not be recorded.
    #[error(transparent)]
    Record(#[from] SlotChangeError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FolderError),
}

impl Teaches for RestoreError {
    fn mend(&self) -> String {
        match self {
            Self::Typed(_) => "type it again, with care for similar letters".into(),
            Self::NoRecoverySlot(path) => {
                format!("put {} back from a copy of the config folder", path.display())
            }
            Self::WrongCode(_) => {
                "find the code that was written down for this installation".into()
            }
            Self::NotTried => "see that the disk of the config folder is healthy".into(),
            Self::Unprotected(_) => "run it where processes may refuse core dumps".into(),
            Self::Record(error) => error.mend(),
            Self::File(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Typed(_) | Self::WrongCode(_) => Exit::Refused,
            Self::NoRecoverySlot(_) => Exit::NotFound,
            Self::NotTried | Self::Unprotected(_) => Exit::Failed,
            Self::Record(error) => error.exit(),
            Self::File(error) => error.exit(),
        }
    }
}

/// Makes a key file at `key_path`, and its slot in `slots`, from what `code` opens. Returns the
/// root key's id.
pub(crate) fn restore(
    slots: &Path,
    key_path: &Path,
    code: &Exposed,
) -> Result<String, RestoreError> {
    protect()?;
    let code = RecoveryCode::parse(code)?;
    let recovery = slots.join("recovery.slot");
    let slot = read(&recovery).ok_or(RestoreError::NoRecoverySlot(recovery))?;
    let root =
        slot.open(&SlotSecret::Recovery(&code), &HeapHomes).map_err(RestoreError::WrongCode)?;
    let key = Key::random(&HeapHomes, &SystemEntropy).map_err(|_| RestoreError::NotTried)?;
    let secret = SlotSecret::KeyFile(&key);
    let fresh = Slot::close(&secret, slot.instance(), &root, &HeapHomes, &SystemEntropy)
        .map_err(|_| RestoreError::NotTried)?;
    broker::slots::record(slots, "restore", &fresh, &root, &SystemClock)?;
    let slot_path = slots.join("key-file.slot");
    for path in [key_path, &slot_path] {
        set_aside(path)?;
    }
    folders::write_whole(key_path, key_file::write(&key).expose())?;
    folders::write_whole(&slot_path, fresh.to_string().as_bytes())?;
    if opens(&slot_path, key_path, &root) {
        Ok(root.id().to_string())
    } else {
        Err(RestoreError::NotTried)
    }
}

fn protect() -> Result<(), RestoreError> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(RestoreError::Unprotected)
}

fn read(path: &Path) -> Option<Slot> {
    let bytes = std::fs::read(path).ok().filter(|bytes| bytes.len() <= SLOT_FILE_BYTES_MAX)?;
    Slot::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

fn set_aside(path: &Path) -> Result<(), FolderError> {
    if !path.exists() {
        return Ok(());
    }
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    std::fs::rename(path, old).map_err(|source| FolderError::new(path, "set aside", source))
}

/// Whether the files on the disk give the root key back.
fn opens(slot_path: &Path, key_path: &Path, root: &RootKey) -> bool {
    let Ok(content) = std::fs::read(key_path).map(Exposed::new) else { return false };
    let key = key_file::read(&content, &HeapHomes).ok();
    let opened = read(slot_path)
        .zip(key)
        .and_then(|(slot, key)| slot.open(&SlotSecret::KeyFile(&key), &HeapHomes).ok());
    opened.is_some_and(|opened| {
        opened.id() == root.id() && opened.check_value() == root.check_value()
    })
}

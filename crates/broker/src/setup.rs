//! First keys of an installation: root key, two slots, key store. Both slots are tried by really
//! unwrapping.
//!
//! Always true
//! 1. Nothing that exists is overwritten. A slot without its key store may be the only way to open
//!    a backup.
//! 2. The key store comes to its place last: before that there are no keys, and a half-done setup
//!    starts anew.
//! 3. The recovery code leaves this module once and is kept nowhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::{Clock, Entropy, InstanceId, limits};
use seal::slot::Kind;
use seal::{
    Exposed, Key, KeyHomes, KeyId, RecoveryCode, RootKey, Slot, SlotError, SlotSecret, key_file,
};

use crate::instance_keys::InstanceKeys;
use crate::key_store::{Identity, KeyStore};
use crate::process::{LockedHomes, harden, lock_key_store};
use crate::slots::{self, Expected, file_error, move_into_place, slot_path, write_private};
use crate::start_error::{SetupError, StartError};
use crate::status::SlotKind;

/// The slot that opens without the recovery code.
pub enum PrimarySlot {
    /// A new key file at this path, outside the data folder.
    KeyFile(PathBuf),
    /// This passphrase.
    Passphrase(Exposed),
}

/// Where the keys go.
pub struct Setup {
    /// The installation the keys are for.
    pub instance: InstanceId,
    /// The key store, in the data folder.
    pub key_store: PathBuf,
    /// The folder of slot files, in the configuration folder.
    pub slots: PathBuf,
    /// The first slot; the second is the recovery code.
    pub primary: PrimarySlot,
}

/// What setup made.
pub struct SetUp {
    /// The new root key's id.
    pub root_key: KeyId,
    /// The recovery code. Shown once; typing it back later confirms it.
    pub recovery_code: Exposed,
}

/// Makes the keys of a new installation.
///
/// Hardens the calling process first, since the root key passes through it: no core dumps and no
/// `ptrace` from then on, and a umask of 077.
///
/// # Errors
/// [`SetupError`]; whatever existed before is as it was, and no key of a failed setup is used by
/// anything.
pub fn setup(setup: &Setup, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<SetUp, SetupError> {
    harden()?;
    let homes = LockedHomes::new().map_err(StartError::Unprotected)?;
    check_passphrase(&setup.primary)?;
    let _lock = lock_key_store(&setup.key_store)?;
    if setup.key_store.exists() {
        let identity = KeyStore::open(&setup.key_store)?.identity()?;
        return Err(SetupError::AlreadySetUp(identity.root_key));
    }
    let staged = staged(&setup.key_store);
    clear_unfinished(setup, &staged)?;
    refuse_existing(setup)?;

    let root_key = Key::random(&homes, entropy).map_err(|_| no_room(&staged))?;
    let root = RootKey::new(root_key);
    stage_key_store(setup, &staged, &root, &homes, clock, entropy)?;
    make_primary(setup, &root, &homes, entropy)?;
    let recovery_code = make_recovery(setup, &root, &homes, entropy)?;
    move_into_place(&staged, &setup.key_store)?;
    Ok(SetUp { root_key: root.id(), recovery_code })
}

fn check_passphrase(primary: &PrimarySlot) -> Result<(), SetupError> {
    let PrimarySlot::Passphrase(passphrase) = primary else { return Ok(()) };
    let characters = passphrase.expose_text().map_or(0, |text| text.chars().count());
    if characters >= limits::PASSWORD_CHARS_MIN {
        Ok(())
    } else {
        Err(SetupError::PassphraseTooShort)
    }
}

/// Removes what an interrupted setup left: only files that belong to its staged key store's root
/// key, which has never sealed anything.
fn clear_unfinished(setup: &Setup, staged: &Path) -> Result<(), SetupError> {
    if !staged.exists() {
        return Ok(());
    }
    let unfinished = KeyStore::open(staged).and_then(|store| store.identity());
    if let Ok(identity) = unfinished {
        for kind in [SlotKind::KeyFile, SlotKind::Passphrase, SlotKind::Recovery] {
            let path = slot_path(&setup.slots, kind);
            let slot = slots::read_slot(&path).filter(|slot| slot.root() == identity.root_key);
            let Some(slot) = slot else { continue };
            if let PrimarySlot::KeyFile(key_path) = &setup.primary
                && slot.kind() == Kind::KeyFile
                && opens_with(&slot, key_path)
            {
                fs::remove_file(key_path).map_err(|source| file_error(key_path, source))?;
            }
            fs::remove_file(&path).map_err(|source| file_error(&path, source))?;
        }
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut path = staged.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(file_error(&path, error).into());
            }
            _ => {}
        }
    }
    Ok(())
}

fn opens_with(slot: &Slot, key_path: &Path) -> bool {
    let homes = seal::HeapHomes;
    slots::read_secret_file(key_path, key_file::KEY_FILE_BYTES_MAX)
        .ok()
        .and_then(|content| key_file::read(&content, &homes).ok())
        .is_some_and(|key| slot.open(&SlotSecret::KeyFile(&key), &homes).is_ok())
}

fn refuse_existing(setup: &Setup) -> Result<(), SetupError> {
    for kind in [SlotKind::KeyFile, SlotKind::Passphrase, SlotKind::Recovery] {
        let path = slot_path(&setup.slots, kind);
        if let Some(slot) = slots::read_slot(&path) {
            return Err(SetupError::SlotInTheWay { path, root: slot.root() });
        }
        refuse_file(&path)?;
    }
    match &setup.primary {
        PrimarySlot::KeyFile(path) => refuse_file(path),
        PrimarySlot::Passphrase(_) => Ok(()),
    }
}

fn refuse_file(path: &Path) -> Result<(), SetupError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(SetupError::FileInTheWay(path.to_owned()));
    }
    Ok(())
}

fn stage_key_store(
    setup: &Setup,
    staged: &Path,
    root: &RootKey,
    homes: &dyn KeyHomes,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(), StartError> {
    let identity =
        Identity { instance: setup.instance, root_key: root.id(), root_check: root.check_value() };
    let store = KeyStore::create(staged, &identity)?;
    InstanceKeys::create(&store, root, setup.instance, homes, entropy, clock.now())?;
    InstanceKeys::load(&store, root, setup.instance, homes)?;
    store.close()
}

fn make_primary(
    setup: &Setup,
    root: &RootKey,
    homes: &dyn KeyHomes,
    entropy: &dyn Entropy,
) -> Result<(), SetupError> {
    match &setup.primary {
        PrimarySlot::Passphrase(passphrase) => {
            write_slot(setup, &SlotSecret::Passphrase(passphrase), root, homes, entropy)?;
            try_slot(setup, SlotKind::Passphrase, &SlotSecret::Passphrase(passphrase), root, homes)
        }
        PrimarySlot::KeyFile(path) => {
            let key = Key::random(homes, entropy).map_err(|_| no_room(path))?;
            // The slot first: an interrupted setup knows its slots, but not whose a lone key file
            // is.
            write_slot(setup, &SlotSecret::KeyFile(&key), root, homes, entropy)?;
            write_private(path, key_file::write(&key).expose())?;
            drop(key);
            let failed = |source| file_error(path, source);
            let content = slots::read_secret_file(path, key_file::KEY_FILE_BYTES_MAX);
            let read = key_file::read(&content.map_err(failed)?, homes)
                .map_err(|_| SetupError::SlotDoesNotOpen(SlotKind::KeyFile))?;
            try_slot(setup, SlotKind::KeyFile, &SlotSecret::KeyFile(&read), root, homes)
        }
    }
}

fn make_recovery(
    setup: &Setup,
    root: &RootKey,
    homes: &dyn KeyHomes,
    entropy: &dyn Entropy,
) -> Result<Exposed, SetupError> {
    let code = RecoveryCode::random(entropy);
    write_slot(setup, &SlotSecret::Recovery(&code), root, homes, entropy)?;
    let text = code.text();
    drop(code);
    // Tried as a person will try it: from the text that is shown.
    let typed =
        RecoveryCode::parse(&text).map_err(|_| SetupError::SlotDoesNotOpen(SlotKind::Recovery))?;
    try_slot(setup, SlotKind::Recovery, &SlotSecret::Recovery(&typed), root, homes)?;
    Ok(text)
}

fn write_slot(
    setup: &Setup,
    secret: &SlotSecret<'_>,
    root: &RootKey,
    homes: &dyn KeyHomes,
    entropy: &dyn Entropy,
) -> Result<(), SetupError> {
    let closed: Result<Slot, SlotError> = Slot::close(secret, setup.instance, root, homes, entropy);
    let slot = closed.map_err(|_| no_room(&setup.slots))?;
    write_private(&slot_path(&setup.slots, slot.kind().into()), slot.to_string().as_bytes())?;
    Ok(())
}

/// Reads the slot back from the disk and really unwraps the root key with it.
fn try_slot(
    setup: &Setup,
    kind: SlotKind,
    secret: &SlotSecret<'_>,
    root: &RootKey,
    homes: &dyn KeyHomes,
) -> Result<(), SetupError> {
    let expected = Expected::of_new(setup.instance, root);
    let opened = slots::read_slot(&slot_path(&setup.slots, kind))
        .is_some_and(|slot| slots::try_secret(&slot, secret, &expected, homes).is_ok());
    if opened { Ok(()) } else { Err(SetupError::SlotDoesNotOpen(kind)) }
}

fn staged(key_store: &Path) -> PathBuf {
    key_store.with_extension("unfinished")
}

fn no_room(path: &Path) -> StartError {
    file_error(path, io::ErrorKind::OutOfMemory.into())
}

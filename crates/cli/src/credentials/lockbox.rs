//! The key under which a session is sealed, and where that key is kept.
//!
//! Always true
//! 1. The key is never in the folder of the file it opens: it is in the kernel's keyring, or in a
//!    machine key file in a folder of its own, or it is a passphrase.
//! 2. A passphrase, when one is set, is used and nothing weaker; the keyring is preferred to the
//!    machine key.
//! 3. A session opens under the path it was sealed for; copied to another profile it does not.
//!
//! Honest limit: with a machine key whoever can read all of the user's files can read the tokens.
//! What it stops is a token in a stray copy of one folder, and that is what the notice says.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use domain::Entropy;
use seal::{Exposed, FileError, FileLock, HeapHomes, Key, SystemEntropy, open_file, seal_file};
use zeroize::Zeroizing;

use super::CredentialsError;
use super::folder::{self, write_private};
use super::keyring::{self, KEY_BYTES};
use crate::config::Settings;

/// Where the key of a sealed session is; the first byte of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Keyring,
    MachineKey,
    Passphrase,
}

impl Place {
    const fn byte(self) -> u8 {
        match self {
            Self::Keyring => b'k',
            Self::MachineKey => b'm',
            Self::Passphrase => b'p',
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            b'k' => Some(Self::Keyring),
            b'm' => Some(Self::MachineKey),
            b'p' => Some(Self::Passphrase),
            _ => None,
        }
    }
}

/// Seals and opens sessions.
#[derive(Debug)]
pub(super) struct Lockbox {
    machine_key: PathBuf,
    passphrase_file: Option<PathBuf>,
}

/// A sealed session, and what to tell about how it was sealed.
pub(super) struct SealedSession {
    pub(super) bytes: Vec<u8>,
    pub(super) notice: Option<String>,
}

impl Lockbox {
    /// The lockbox of this user.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            machine_key: settings.folder.join("keys").join("machine.key"),
            passphrase_file: settings.passphrase_file.clone(),
        }
    }

    /// Seals `content` for the file at `path`.
    ///
    /// Errors: the passphrase or the machine key cannot be read or made.
    pub(super) fn seal(
        &self,
        path: &Path,
        content: Exposed,
    ) -> Result<SealedSession, CredentialsError> {
        if let Some(passphrase) = self.passphrase()? {
            let bytes =
                sealed(Place::Passphrase, &FileLock::Passphrase(&passphrase), path, &content)?;
            return Ok(SealedSession { bytes, notice: None });
        }
        if let Some(key) = keyring_key(path) {
            let bytes = sealed(Place::Keyring, &FileLock::Key(&key), path, &content)?;
            return Ok(SealedSession { bytes, notice: None });
        }
        let key = self.machine_key_or_new()?;
        let bytes = sealed(Place::MachineKey, &FileLock::Key(&key), path, &content)?;
        let notice = format!(
            "This system has no working kernel keyring: the sign-in is sealed with the key in {}.",
            self.machine_key.display()
        );
        Ok(SealedSession { bytes, notice: Some(notice) })
    }

    /// Opens what [`Lockbox::seal`] sealed for `path`.
    ///
    /// Errors: the key is gone; the file was changed or moved.
    pub(super) fn open(&self, path: &Path, file: &[u8]) -> Result<Exposed, CredentialsError> {
        let damaged = || CredentialsError::Damaged(path.to_owned());
        let (place, file) = file.split_first().ok_or_else(damaged)?;
        let opened = match Place::of(*place).ok_or_else(damaged)? {
            Place::Passphrase => {
                let passphrase = self.passphrase()?.ok_or(CredentialsError::KeyGone(
                    "it is sealed with a passphrase; set CASEMATE_PASSPHRASE_FILE",
                ))?;
                open_file(&FileLock::Passphrase(&passphrase), &purpose(path), file)
            }
            Place::Keyring => {
                let bytes = keyring::find(&description(path)).ok_or(CredentialsError::KeyGone(
                    "its key was in the kernel's keyring, which is emptied at restart",
                ))?;
                let key = key(bytes).ok_or_else(damaged)?;
                open_file(&FileLock::Key(&key), &purpose(path), file)
            }
            Place::MachineKey => {
                let key = self
                    .machine_key()?
                    .ok_or(CredentialsError::KeyGone("the machine key is no longer there"))?;
                open_file(&FileLock::Key(&key), &purpose(path), file)
            }
        };
        opened.map_err(|error| match error {
            FileError::WrongKey => CredentialsError::KeyGone("its key is another"),
            _ => damaged(),
        })
    }

    /// Forgets the key of the session at `path`, so that no copy of the file opens any more. A
    /// machine key stays: it is not of one session alone.
    pub(super) fn forget(path: &Path) {
        keyring::remove(&description(path));
    }

    fn passphrase(&self) -> Result<Option<Exposed>, CredentialsError> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let missing = || CredentialsError::File {
            what: "read the passphrase in",
            path: path.clone(),
            source: io::ErrorKind::NotFound.into(),
        };
        let bytes = Zeroizing::new(folder::read(path)?.ok_or_else(missing)?);
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.is_empty() { Err(missing()) } else { Ok(Some(Exposed::copy_of(line))) }
    }

    fn machine_key_or_new(&self) -> Result<Key, CredentialsError> {
        if let Some(key) = self.machine_key()? {
            return Ok(key);
        }
        let fresh = random();
        let text = Zeroizing::new(HEXLOWER.encode(fresh.expose()));
        write_private(&self.machine_key, text.as_bytes())?;
        key(fresh).ok_or_else(|| CredentialsError::Damaged(self.machine_key.clone()))
    }

    /// The machine key; `None` when there is none. One that others may read is refused, because it
    /// protects nothing.
    fn machine_key(&self) -> Result<Option<Key>, CredentialsError> {
        let path = &self.machine_key;
        let Some(text) = folder::read(path)?.map(Zeroizing::new) else { return Ok(None) };
        let failed = |source| CredentialsError::File { what: "use", path: path.clone(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(failed(io::ErrorKind::PermissionDenied.into()));
        }
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim_ascii()).map(Exposed::new);
        let key = bytes.ok().and_then(key);
        key.map(Some).ok_or_else(|| CredentialsError::Damaged(path.clone()))
    }
}

fn sealed(
    place: Place,
    lock: &FileLock<'_>,
    path: &Path,
    content: &Exposed,
) -> Result<Vec<u8>, CredentialsError> {
    let file = seal_file(lock, &purpose(path), content.expose(), &SystemEntropy)
        .map_err(|_| CredentialsError::Damaged(path.to_owned()))?;
    let mut bytes = Vec::with_capacity(file.len() + 1);
    bytes.push(place.byte());
    bytes.extend_from_slice(&file);
    Ok(bytes)
}

/// The key of this session in the keyring, made when there is none; `None` without a working
/// keyring.
fn keyring_key(path: &Path) -> Option<Key> {
    let description = description(path);
    if let Some(bytes) = keyring::find(&description) {
        return key(bytes);
    }
    let fresh = random();
    keyring::add(&description, &fresh).then(|| key(fresh)).flatten()
}

fn random() -> Exposed {
    let mut bytes = vec![0; KEY_BYTES];
    SystemEntropy.fill(&mut bytes);
    Exposed::new(bytes)
}

fn key(bytes: Exposed) -> Option<Key> {
    let mut bytes = Zeroizing::new(<[u8; KEY_BYTES]>::try_from(bytes.expose()).ok()?);
    Key::moved(&HeapHomes, &mut bytes).ok()
}

/// What a session is sealed for: being the session of this very file.
fn purpose(path: &Path) -> String {
    format!("casemate cli session {}", place_of(path))
}

/// The name of the session's key in the keyring.
fn description(path: &Path) -> String {
    format!("casemate:cli:{}", place_of(path))
}

fn place_of(path: &Path) -> String {
    let hash = digest::digest(&digest::SHA256, path.as_os_str().as_encoded_bytes());
    HEXLOWER.encode(hash.as_ref().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct House {
        folder: tempfile::TempDir,
        lockbox: Lockbox,
    }

    fn house(passphrase: Option<&str>) -> House {
        let folder = tempfile::tempdir().unwrap();
        let passphrase_file = passphrase.map(|text| {
            let path = folder.path().join("passphrase");
            fs::write(&path, text).unwrap();
            path
        });
        let machine_key = folder.path().join("keys/machine.key");
        House { folder, lockbox: Lockbox { machine_key, passphrase_file } }
    }

    impl House {
        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }
    }

    #[test]
    fn a_session_opens_where_it_was_sealed_and_nowhere_else() {
        let house = house(None);
        let path = house.path("a");
        let sealed = house.lockbox.seal(&path, Exposed::copy_of(b"content")).unwrap();
        assert_eq!(house.lockbox.open(&path, &sealed.bytes).unwrap().expose(), b"content");
        assert!(house.lockbox.open(&house.path("b"), &sealed.bytes).is_err());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let house = house(None);
        let path = house.path("a");
        let sealed = house.lockbox.seal(&path, Exposed::copy_of(b"content")).unwrap().bytes;
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(house.lockbox.open(&path, &changed).is_err(), "byte {at}");
        }
        assert!(house.lockbox.open(&path, b"").is_err());
    }

    #[test]
    fn a_passphrase_is_used_alone_and_needed_again() {
        let mut house = house(Some("correct horse\n"));
        let path = house.path("a");
        let sealed = house.lockbox.seal(&path, Exposed::copy_of(b"content")).unwrap();
        assert!(sealed.notice.is_none() && !house.lockbox.machine_key.exists());
        assert!(house.lockbox.open(&path, &sealed.bytes).is_ok());
        fs::write(house.lockbox.passphrase_file.as_ref().unwrap(), "wrong horse\n").unwrap();
        assert!(matches!(
            house.lockbox.open(&path, &sealed.bytes),
            Err(CredentialsError::KeyGone(_))
        ));
        house.lockbox.passphrase_file = None;
        assert!(matches!(
            house.lockbox.open(&path, &sealed.bytes),
            Err(CredentialsError::KeyGone(_))
        ));
    }

    #[test]
    fn a_machine_key_that_others_may_read_is_refused() {
        let house = house(None);
        house.lockbox.machine_key_or_new().unwrap();
        let path = &house.lockbox.machine_key;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(house.lockbox.machine_key().is_err());
    }
}

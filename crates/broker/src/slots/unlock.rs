//! Opening the root key without a person: what the settings name, tried on the slots that it is
//! for.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use domain::TimeMs;
use seal::key_file::{self, KEY_FILE_BYTES_MAX};
use seal::slot::{AgeIdentities, IDENTITY_FILE_BYTES_MAX, SHARES_FILE_BYTES_MAX, Shares, Way};
use seal::{Exposed, Key, KeyHomes, RootKey, Slot, SlotSecret};

use super::errand::{self, Act, Errands, Place};
use super::shelf::{self, Placed};
use super::{Expected, read_secret_file, try_secret};
use crate::status::{SlotKind, SlotOutcome, SlotReport};

/// What a start may use to open a slot without a person.
pub enum Unlock {
    /// The key file at this path, which lies outside the data folder.
    KeyFile(PathBuf),
    /// A passphrase that was read from a file or a credential.
    Passphrase(Exposed),
    /// The age identities in this file.
    Age(PathBuf),
    /// The shares in this file: brought together for a start, and taken away after it.
    Shamir(PathBuf),
    /// The service manager's credentials.
    Credential(Credentials),
    /// Errands to a key management service, a PKCS#11 token or the TPM.
    Elsewhere(Errands),
}

/// Credentials as the service manager hands them over.
pub enum Credentials {
    /// In this folder, by name.
    Folder(PathBuf),
    /// One, opened by the supervisor: the folder is its user's alone.
    Handed {
        /// Its name.
        name: String,
        /// Its content, read from the start each time.
        file: File,
    },
}

impl Credentials {
    fn read(&self, wanted: &str) -> io::Result<Exposed> {
        match self {
            // A name with a slash would lead out of the folder.
            Self::Folder(folder) if !wanted.contains('/') && wanted != ".." => {
                read_secret_file(&folder.join(wanted), KEY_FILE_BYTES_MAX)
            }
            Self::Handed { name, file } if name == wanted => {
                let mut bytes = vec![0u8; KEY_FILE_BYTES_MAX];
                let read = file.read_at(&mut bytes, 0)?;
                bytes.truncate(read);
                Ok(Exposed::new(bytes))
            }
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Unlock {
    /// Whether it is for slots of this kind.
    #[must_use]
    pub const fn is_for(&self, kind: SlotKind) -> bool {
        match self {
            Self::KeyFile(_) => matches!(kind, SlotKind::KeyFile),
            Self::Passphrase(_) => matches!(kind, SlotKind::Passphrase),
            Self::Age(_) => matches!(kind, SlotKind::Age),
            Self::Shamir(_) => matches!(kind, SlotKind::Shamir),
            Self::Credential(_) => matches!(kind, SlotKind::Credential),
            Self::Elsewhere(_) => matches!(kind, SlotKind::Kms | SlotKind::Pkcs11 | SlotKind::Tpm),
        }
    }

    /// The kind without whose slot the installation is not as its settings say.
    const fn demands(&self) -> Option<SlotKind> {
        match self {
            Self::KeyFile(_) => Some(SlotKind::KeyFile),
            Self::Passphrase(_) => Some(SlotKind::Passphrase),
            _ => None,
        }
    }

    fn try_on(
        &self,
        slot: &Slot,
        expected: &Expected,
        deadline: Instant,
        homes: &dyn KeyHomes,
    ) -> Result<RootKey, SlotOutcome> {
        let with = |secret: &SlotSecret<'_>| try_secret(slot, secret, expected, homes);
        match self {
            Self::Passphrase(passphrase) => with(&SlotSecret::Passphrase(passphrase)),
            Self::KeyFile(path) => try_key_file(path, slot, expected, homes),
            Self::Age(path) => {
                let content = read_secret_file(path, IDENTITY_FILE_BYTES_MAX);
                let content = content.map_err(|_| SlotOutcome::KeyMissing)?;
                let identities = AgeIdentities::read(&content).map_err(|_| SlotOutcome::Fails)?;
                with(&SlotSecret::Age(&identities))
            }
            Self::Shamir(path) => {
                // Not an error: the people who hold the shares took them away again.
                let content = read_secret_file(path, SHARES_FILE_BYTES_MAX);
                let content = content.map_err(|_| SlotOutcome::NotTried)?;
                let shares = Shares::read(&content).map_err(|_| SlotOutcome::Incomplete)?;
                with(&SlotSecret::Shamir(&shares))
            }
            Self::Credential(credentials) => {
                let Way::Credential { name } = slot.way() else { return Err(SlotOutcome::Fails) };
                let content = credentials.read(name.as_str());
                let content = content.map_err(|_| SlotOutcome::KeyMissing)?;
                let key = key_file::read(&content, homes).map_err(|_| SlotOutcome::Fails)?;
                with(&SlotSecret::Wrapping(slot.kind(), &key))
            }
            Self::Elsewhere(errands) => {
                let key = fetched(errands, slot.way(), deadline, homes)?;
                with(&SlotSecret::Wrapping(slot.kind(), &key))
            }
        }
    }
}

/// A key file, or the one beside it that an interrupted turn of the slot left: one of the two fits
/// the slot at every moment.
fn try_key_file(
    path: &Path,
    slot: &Slot,
    expected: &Expected,
    homes: &dyn KeyHomes,
) -> Result<RootKey, SlotOutcome> {
    let tried = |path: &Path| {
        let content = read_secret_file(path, KEY_FILE_BYTES_MAX);
        let content = content.map_err(|_| SlotOutcome::KeyMissing)?;
        let key = key_file::read(&content, homes).map_err(|_| SlotOutcome::Fails)?;
        try_secret(slot, &SlotSecret::KeyFile(&key), expected, homes)
    };
    tried(path).or_else(|outcome| tried(&staged_key(path)).map_err(|_| outcome))
}

/// Where a new key file waits for its slot.
pub(super) fn staged_key(path: &Path) -> PathBuf {
    let mut staged = path.as_os_str().to_owned();
    staged.push(".new");
    PathBuf::from(staged)
}

fn fetched(
    errands: &Errands,
    way: &Way,
    deadline: Instant,
    homes: &dyn KeyHomes,
) -> Result<Key, SlotOutcome> {
    let (place, parts) = place_of(way).ok_or(SlotOutcome::Fails)?;
    let brought = errands.run(place, Act::Unwrap(parts), deadline, homes);
    brought.map(|(key, _)| key).map_err(SlotOutcome::Elsewhere)
}

/// Where a slot's wrapping key is kept, and the parts that the slot has of it.
fn place_of(way: &Way) -> Option<(Place, Vec<Vec<u8>>)> {
    Some(match way {
        Way::Kms { address, mount, key, wrapped } => (
            Place::Kms {
                address: address.as_str().to_owned(),
                mount: mount.as_str().to_owned(),
                key: key.as_str().to_owned(),
            },
            vec![wrapped.as_str().as_bytes().to_vec()],
        ),
        Way::Pkcs11 { token, key, wrapped } => (
            Place::Pkcs11 { token: token.as_str().to_owned(), key: key.as_str().to_owned() },
            vec![wrapped.clone()],
        ),
        Way::Tpm { public, private } => (Place::Tpm, vec![public.clone(), private.clone()]),
        _ => return None,
    })
}

/// The root key, by the first of `unlocks` that opens a slot other than `except`; else what
/// happened to each that was tried.
pub(crate) fn unlock_any(
    folder: &Path,
    unlocks: &[Unlock],
    except: Option<&str>,
    expected: &Expected,
    homes: &dyn KeyHomes,
) -> Result<(RootKey, String), Vec<SlotReport>> {
    let placed = shelf::list(folder);
    let mut tried = Vec::new();
    for unlock in unlocks {
        let fitting = || placed.iter().filter(|one| unlock.is_for(one.kind));
        for one in fitting().filter(|one| except != Some(one.name.as_str())) {
            match try_placed(one, Some(unlock), expected, errand::deadline(), homes) {
                Ok(root) => return Ok((root, one.name.clone())),
                Err(outcome) => tried.push(report(one, outcome)),
            }
        }
        if let Some(kind) = unlock.demands().filter(|_| fitting().next().is_none()) {
            tried.push(missing(kind));
        }
    }
    Err(tried)
}

/// What happens to every slot when it is tried. `confirmed` says when the recovery code was last
/// typed back. All errands together end within one errand's time.
pub(crate) fn report_all(
    folder: &Path,
    unlocks: &[Unlock],
    confirmed: Option<TimeMs>,
    expected: &Expected,
    homes: &dyn KeyHomes,
) -> Vec<SlotReport> {
    let placed = shelf::list(folder);
    let deadline = errand::deadline();
    let mut reports: Vec<SlotReport> = placed
        .iter()
        .map(|one| {
            let unlock = unlocks.iter().find(|unlock| unlock.is_for(one.kind));
            let tried = try_placed(one, unlock, expected, deadline, homes);
            let outcome = match (tried, confirmed) {
                (Ok(_root), _) => SlotOutcome::Opens,
                (Err(SlotOutcome::NotTried), Some(at)) if one.kind == SlotKind::Recovery => {
                    SlotOutcome::ConfirmedAt(at)
                }
                (Err(SlotOutcome::NotTried), None) if one.kind == SlotKind::Recovery => {
                    SlotOutcome::NeverConfirmed
                }
                (Err(outcome), _) => outcome,
            };
            report(one, outcome)
        })
        .collect();
    let opens = reports.iter().any(|report| report.outcome == SlotOutcome::Opens);
    // Whoever removed the recovery slot said so: something else that people hold is enough. And a
    // key file is wanted only where nothing opens in its place; a passphrase the settings name.
    let recovers = reports.iter().any(|report| report.kind.recovers());
    let wanted = unlocks.iter().filter_map(Unlock::demands);
    let wanted = wanted.filter(|kind| *kind != SlotKind::KeyFile || !opens);
    let wanted = wanted.chain((!recovers).then_some(SlotKind::Recovery));
    for kind in wanted.collect::<Vec<_>>() {
        if reports.iter().all(|report| report.kind != kind) {
            reports.push(missing(kind));
        }
    }
    reports
}

fn try_placed(
    placed: &Placed,
    unlock: Option<&Unlock>,
    expected: &Expected,
    deadline: Instant,
    homes: &dyn KeyHomes,
) -> Result<RootKey, SlotOutcome> {
    let slot = placed.slot.as_ref().ok_or(SlotOutcome::Unreadable)?;
    if !expected.is_of(slot) {
        return Err(SlotOutcome::Fails);
    }
    match unlock {
        Some(unlock) => unlock.try_on(slot, expected, deadline, homes),
        None => Err(SlotOutcome::NotTried),
    }
}

fn report(placed: &Placed, outcome: SlotOutcome) -> SlotReport {
    SlotReport { id: placed.name.clone(), kind: placed.kind, outcome }
}

fn missing(kind: SlotKind) -> SlotReport {
    let id = seal::slot::Kind::from(kind).as_str().to_owned();
    SlotReport { id, kind, outcome: SlotOutcome::Unreadable }
}

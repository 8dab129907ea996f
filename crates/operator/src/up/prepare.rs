//! Folders, owners and limits, as they must be before any process starts.
//!
//! Always true
//! 1. With one user, every folder is its own alone (0700).
//! 2. With two users, each folder belongs to the one that needs it. The data folder and `run` are
//!    shared: sticky, so neither user removes what is the other's, and unreadable to everybody
//!    else.

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::folders::{self, FolderError};
use crate::layout::Places;
use crate::settings::Settings;
use crate::users::{Account, Separation};

/// Locked memory the broker may need; root may raise the limit to it.
const MEMLOCK_BYTES: u64 = 64 * 1024 * 1024;

const OWN: u32 = 0o700;
/// Root's, with the group of `serve`: it adds its files; the broker passes through to its own
/// folder.
const DATA_SHARED: u32 = 0o1771;
/// The broker's, with the group of `serve`: both add files, and what the broker makes has that
/// group (set-gid).
const RUN_SHARED: u32 = 0o3770;
/// Settings hold no secret, and both users read them.
const CONFIG_SHARED: u32 = 0o755;

/// Makes the folders with their owners and modes. Mends what differs.
pub(crate) fn folders(places: &Places, separation: Separation) -> Result<(), FolderError> {
    let Places { data, config } = places;
    let (tenants, tls, slots) = (data.tenants(), data.tls(), config.slots());
    let all = [config.path(), data.path(), &data.run(), &tenants, &tls, &data.broker(), &slots];
    for folder in all {
        folders::make_if_missing(folder)?;
    }
    match separation {
        Separation::Weak(_) => all.iter().try_for_each(|folder| folders::set_mode(folder, OWN)),
        Separation::Users { broker, serve } => {
            owned(config.path(), ROOT, CONFIG_SHARED)?;
            owned(config.settings(), ROOT, 0o644)?;
            owned(data.path(), Account { gid: serve.gid, ..ROOT }, DATA_SHARED)?;
            owned(&data.run(), Account { gid: serve.gid, ..broker }, RUN_SHARED)?;
            owned(&tenants, serve, OWN)?;
            owned(&tls, serve, OWN)?;
            owned(&data.broker(), broker, OWN)?;
            owned(&slots, broker, OWN)
        }
    }
}

/// Gives the files that open slots to the broker's user when they lie in the config folder. One
/// elsewhere, made by a secret manager say, stays as whoever put it there wanted it.
pub(crate) fn secrets(settings: &Settings, separation: Separation) -> Result<(), FolderError> {
    let Separation::Users { broker, .. } = separation else { return Ok(()) };
    let config = settings.places.config.path();
    let unseal = &settings.config.broker.unseal;
    let files = [
        &settings.config.broker.passphrase_file,
        &unseal.age_identity_file,
        &unseal.shares_file,
        &unseal.kms_token_file,
        &unseal.pkcs11_pin_file,
    ];
    let ours = files.into_iter().flatten().filter(|file| file.starts_with(config) && file.exists());
    ours.into_iter().try_for_each(|file| owned(file, broker, 0o600))
}

const ROOT: Account = Account { uid: 0, gid: 0 };

fn owned(path: &Path, account: Account, mode: u32) -> Result<(), FolderError> {
    // Owner first: changing it clears the special bits.
    folders::set_owner(path, account.uid, account.gid)?;
    folders::set_mode(path, mode)
}

/// Gives the files in a folder to the user that works with them, after root made some. Links are
/// given away themselves, never what they point at.
pub(crate) fn hand_over(folder: &Path, account: Account) -> Result<(), FolderError> {
    let failed = |source| FolderError::new(folder, "listed", source);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() && !path.is_symlink() {
            hand_over(&path, account)?;
        }
        folders::set_owner(&path, account.uid, account.gid)?;
    }
    Ok(())
}

/// After a command of root's wrote a slot: the slots and the key store belong to the broker's user
/// again.
pub(crate) fn give_back(settings: &Settings) -> Result<(), FolderError> {
    match Separation::of_this_process() {
        Separation::Weak(_) => Ok(()),
        Separation::Users { broker, .. } => {
            hand_over(&settings.config.broker.slots, broker)?;
            hand_over(&settings.config.broker.key_store, broker)
        }
    }
}

/// Raises what may be raised without asking: locked memory for the broker, open files for `serve`
/// (one per workspace); and nothing leaves a core file. Children inherit it. What cannot be raised
/// the broker refuses by itself, with the number it needs.
pub(crate) fn limits() {
    let memory = getrlimit(Resource::Memlock);
    if rustix::process::geteuid().is_root() {
        let at_least = |limit: Option<u64>| limit.map(|bytes| bytes.max(MEMLOCK_BYTES));
        let raised =
            Rlimit { current: at_least(memory.current), maximum: at_least(memory.maximum) };
        let _ = setrlimit(Resource::Memlock, raised);
    } else {
        let _ = setrlimit(Resource::Memlock, Rlimit { current: memory.maximum, ..memory });
    }
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn places(folder: &tempfile::TempDir) -> Places {
        let settings = folder.path().join("etc/casemate.toml");
        let places = Places::new(&folder.path().join("data"), &settings).unwrap();
        folders::make_if_missing(places.config.path()).unwrap();
        folders::write_whole(&settings, b"").unwrap();
        places
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    #[test]
    fn one_user_has_every_folder_alone_however_open_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(&folder);
        let weak = Separation::Weak(Account { uid: 0, gid: 0 });
        folders(&places, weak).unwrap();
        folders::set_mode(&places.data.tenants(), 0o755).unwrap();
        folders(&places, weak).unwrap();
        let data = &places.data;
        for path in [data.path(), &data.tenants(), &data.broker(), &data.run(), &data.tls()] {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        }
        assert_eq!(mode(&places.config.slots()), 0o700);
    }

    #[test]
    fn two_users_have_nothing_of_each_other() {
        if !rustix::process::geteuid().is_root() {
            return; // Owners can be set by root alone; the suite also runs as root.
        }
        let folder = tempfile::tempdir().unwrap();
        let places = places(&folder);
        let broker = Account { uid: 60_710, gid: 60_710 };
        let serve = Account { uid: 60_711, gid: 60_711 };
        folders(&places, Separation::Users { broker, serve }).unwrap();
        let owner = |path: &Path| path.metadata().unwrap().uid();
        assert_eq!(owner(&places.data.broker()), broker.uid);
        assert_eq!(owner(&places.config.slots()), broker.uid);
        assert_eq!(owner(&places.data.tenants()), serve.uid);
        assert_eq!(owner(places.data.path()), 0);
        assert_eq!(mode(places.data.path()), DATA_SHARED);
        assert_eq!(mode(&places.data.run()), RUN_SHARED);
        for path in [places.data.broker(), places.config.slots(), places.data.tenants()] {
            assert_eq!(mode(&path), 0o700, "{}", path.display());
        }
    }
}

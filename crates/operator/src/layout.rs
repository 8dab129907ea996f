//! Where everything lies: the data folder, the config folder, and the name of each file in them.
//!
//! Always true
//! 1. Slots and key files lie in the config folder, everything else in the data folder. A backup of
//!    the data folder therefore never holds what opens it; one folder inside the other is refused,
//!    symbolic links included.
//! 2. No other module of this crate spells a file name of either folder.

use std::path::{Path, PathBuf};

use crate::failure::{Exit, Teaches};

/// Why the folders are not used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LayoutError {
    /// One folder lies inside the other.
    #[error("the config folder {config} and the data folder {data} lie inside each other")]
    Nested {
        /// The config folder.
        config: PathBuf,
        /// The data folder.
        data: PathBuf,
    },
    /// The settings file lies in no folder.
    #[error("{settings} is not the path of a settings file")]
    NoFolder {
        /// What was given.
        settings: PathBuf,
    },
}

impl Teaches for LayoutError {
    fn mend(&self) -> String {
        match self {
            Self::Nested { .. } => {
                "put them apart: who copies the data must not copy the keys that open it".into()
            }
            Self::NoFolder { .. } => "give --config /a/folder/casemate.toml".into(),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Both folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// What a backup copies.
    pub data: DataFolder,
    /// What a backup must never copy together with the data.
    pub config: ConfigFolder,
}

impl Places {
    /// The data folder `data`, and the config folder that holds the file `settings`.
    ///
    /// # Errors
    /// [`LayoutError`]
    pub(crate) fn new(data: &Path, settings: &Path) -> Result<Self, LayoutError> {
        let (data, settings) = (settled(data), settled(settings));
        let no_folder = || LayoutError::NoFolder { settings: settings.clone() };
        let config = settings.parent().ok_or_else(no_folder)?.to_owned();
        if data.starts_with(&config) || config.starts_with(&data) {
            return Err(LayoutError::Nested { config, data });
        }
        Ok(Self { data: DataFolder(data), config: ConfigFolder { folder: config, settings } })
    }
}

/// The path with its existing part resolved, so that a symbolic link cannot hide one folder inside
/// the other.
fn settled(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        if let Ok(real) = existing.canonicalize() {
            return missing.iter().rev().fold(real, |path, part| path.join(part));
        }
        match (existing.parent(), existing.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                existing = parent;
            }
            _ => return absolute,
        }
    }
}

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub(crate) fn $name(&self) -> PathBuf {
            self.path().join($path)
        }
    )*};
}

/// The data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder itself.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    paths! {
        /// The layout's version; written last at the first start, so its presence says that one was
        /// finished.
        format = "FORMAT";
        /// Held by the running `up`, with its process id inside.
        lock = "lock";
        /// The platform's own unit (SQLite).
        control = "control.db";
        /// One unit per workspace (SQLite).
        tenants = "tenants";
        /// The broker's own folder: wrapped keys and the journal of openings.
        broker = "broker";
        /// Certificate and key of the API.
        tls = "tls";
        /// The API's certificate.
        certificate = "tls/cert.pem";
        /// Its private key.
        certificate_key = "tls/key.pem";
        /// What only a running platform needs.
        run = "run";
        /// Where the API listens, written when it does.
        ready = "run/ready.json";
        /// What backups remember between runs, and where they work.
        backup = "backup";
        /// Copies of units on their way out, and rehearsed restores.
        backup_scratch = "backup/scratch";
        /// Held by a running backup, rehearsal or restore.
        backup_lock = "backup/lock";
        /// There while a restore is under way: what lies in the folder is not whole.
        restoring = "backup/restoring";
        /// There while a first start is under way.
        first_start = "run/first-start";
        /// The first owner's code, when no terminal could show it.
        first_owner_code = "run/first-owner-code";
        /// The code of an owner whom the host vouched for, when no terminal could show it.
        recovered_owner_code = "run/recovered-owner-code";
    }

    /// A folder in which a restore is rehearsed.
    pub(crate) const fn scratch(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// What the names of the platform's unit begin with (SQLite adds `-wal`, `-shm`, `-journal`).
    pub(crate) const CONTROL: &str = "control.db";

    /// Whether something of this name may lie at the top of a data folder. A folder that is a disk
    /// of its own may also hold `lost+found`.
    pub(crate) fn is_ours(name: &str) -> bool {
        let names = ["FORMAT", "lock", "tenants", "broker", "tls", "run", "backup", "lost+found"];
        let name = name.strip_suffix(".new").unwrap_or(name);
        names.contains(&name) || name.starts_with(Self::CONTROL)
    }
}

/// The config folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigFolder {
    folder: PathBuf,
    settings: PathBuf,
}

impl ConfigFolder {
    /// The folder itself.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// The settings file. Holds no secret.
    #[must_use]
    pub(crate) fn settings(&self) -> &Path {
        &self.settings
    }

    paths! {
        /// Unseal slots.
        slots = "slots";
        /// The recovery code, when no terminal could show it.
        recovery_code = "recovery-code";
    }

    /// A share of a slot, when no terminal could show it.
    #[must_use]
    pub(crate) fn share(&self, slot: &str, number: usize) -> PathBuf {
        self.folder.join(format!("{slot}-share-{number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_never_lie_inside_the_data_nor_the_data_inside_the_config() {
        for (data, settings) in [("/d", "/d/etc/c.toml"), ("/c/data", "/c/c.toml"), ("/d", "/d/c")]
        {
            let found = Places::new(Path::new(data), Path::new(settings));
            assert!(matches!(found, Err(LayoutError::Nested { .. })), "{data} {settings}");
        }
        assert!(Places::new(Path::new("/srv/data"), Path::new("/srv/data-keys/c.toml")).is_ok());
    }

    #[test]
    fn a_symbolic_link_does_not_hide_the_slots_inside_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let link = folder.path().join("config");
        std::os::unix::fs::symlink(&data, &link).unwrap();
        let found = Places::new(&data, &link.join("deeper/casemate.toml"));
        assert!(matches!(found, Err(LayoutError::Nested { .. })));
    }

    #[test]
    fn a_settings_file_without_a_folder_is_refused() {
        let found = Places::new(Path::new("/d"), Path::new("/"));
        assert!(matches!(found, Err(LayoutError::NoFolder { .. })));
    }
}

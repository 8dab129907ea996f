//! The settings of a local command: the server's own configuration, plus where its file lies.
//!
//! Precedence is the server's: flag, `CASEMATE_SECTION__KEY`, `casemate.toml`, default.

use std::path::{Path, PathBuf};

use server::config::{Config, ConfigError, Engine, Sources};

use crate::failure::{Exit, Failure, Teaches};
use crate::folders::{self, FolderError};
use crate::format::{self, Format, FormatError};
use crate::layout::Places;

/// Name of the settings file.
const FILE: &str = "casemate.toml";
/// The committed example: every setting, explained and commented out.
const EXAMPLE: &str = include_str!("../../../casemate.toml");

/// Where the two folders are, for commands that run on the host.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Folders {
    /// Where the data lies [default: /var/lib/casemate for root, else ~/.local/share/casemate].
    #[arg(long, env = "CASEMATE_DATA", value_name = "FOLDER", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,
    /// The settings file, or its folder; slots and key files lie beside it [default: casemate.toml
    /// in /etc/casemate for root, else in ~/.config/casemate].
    #[arg(long, env = "CASEMATE_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
}

/// What a local command works with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The server's configuration.
    pub config: Config,
    /// The folders.
    pub places: Places,
}

impl Teaches for ConfigError {
    fn mend(&self) -> String {
        "casemate config check shows every setting and where its value comes from".into()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Where the settings come from: these folders and `flags`, then the environment, then the file.
pub(crate) fn sources(folders: &Folders, flags: Vec<(String, String)>) -> Sources {
    let mut sources = Sources::of_process(flags, None);
    if rustix::process::geteuid().is_root() {
        // The user decides, not a HOME that was carried along.
        sources.environment.insert("HOME".into(), "/root".into());
    }
    if let Some(data) = &folders.data {
        sources.flags.push(("data.folder".into(), data.display().to_string()));
    }
    sources.file = folders.config.as_deref().map(file_of);
    sources
}

impl Settings {
    /// Reads the settings. A file that was named must exist.
    ///
    /// # Errors
    /// The first setting that is wrong, or folders that lie inside each other.
    pub(crate) fn load(folders: &Folders, flags: Vec<(String, String)>) -> Result<Self, Failure> {
        let sources = sources(folders, flags);
        let file = settings_file(&sources)?;
        let config = Config::load(&sources)?;
        let places = Places::new(&config.data.folder, &file)?;
        Ok(Self { config, places })
    }

    /// The state of the data folder, its embedded database included.
    ///
    /// # Errors
    /// [`FormatError`]
    pub(crate) fn examine(&self) -> Result<Format, FormatError> {
        let state = format::examine(&self.places.data)?;
        if state == Format::Current {
            self.check_embedded()?;
        }
        Ok(state)
    }

    /// Refuses an embedded database that is cut off; other engines look after their own.
    ///
    /// # Errors
    /// [`FormatError`]
    pub(crate) fn check_embedded(&self) -> Result<(), FormatError> {
        match self.config.database.engine {
            Engine::Sqlite => format::check_embedded(&self.places.data),
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// As [`Settings::load`], but writes a settings file with every setting commented out where
    /// there is none yet, so that the folder of slots and keys is fixed from the first start on.
    ///
    /// # Errors
    /// Also when the file cannot be written.
    pub(crate) fn load_or_begin(
        folders: &Folders,
        flags: Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        let file = settings_file(&sources(folders, flags.clone()))?;
        if !file.exists() {
            begin(&file)?;
        }
        Self::load(&Folders { config: Some(file), ..folders.clone() }, flags)
    }
}

/// The settings file that is meant by `path`, which may name its folder.
fn file_of(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|extension| extension == "toml") {
        path.to_owned()
    } else {
        path.join(FILE)
    }
}

/// The file that is or would be read.
fn settings_file(sources: &Sources) -> Result<PathBuf, ConfigError> {
    let usual = || sources.config_folder().map(|folder| folder.join(FILE));
    sources.file().or_else(usual).ok_or(ConfigError::NoFolder)
}

fn begin(file: &Path) -> Result<(), FolderError> {
    if let Some(folder) = file.parent() {
        folders::make_if_missing(folder)?;
    }
    folders::write_whole(file, EXAMPLE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_changes_no_setting() {
        let table: toml::Table = EXAMPLE.parse().unwrap();
        assert!(table.values().all(|section| section.as_table().unwrap().is_empty()));
    }

    #[test]
    fn a_folder_may_be_named_instead_of_the_file_in_it() {
        let folders = |config: &str| Folders { data: None, config: Some(config.into()) };
        let file = |config| settings_file(&sources(&folders(config), Vec::new())).unwrap();
        assert_eq!(file("/c/casemate"), Path::new("/c/casemate/casemate.toml"));
        assert_eq!(file("/c/casemate.toml"), Path::new("/c/casemate.toml"));
    }

    #[test]
    fn a_first_start_fixes_the_settings_file_and_a_second_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders {
            data: Some(folder.path().join("data")),
            config: Some(folder.path().join("etc/casemate.toml")),
        };
        assert!(Settings::load(&folders, Vec::new()).is_err(), "a named file must exist");
        let settings = Settings::load_or_begin(&folders, Vec::new()).unwrap();
        let file = settings.places.config.settings().to_owned();
        assert_eq!(settings.places.config.slots(), file.with_file_name("slots"));
        std::fs::write(&file, "[limits]\nconnections_max = 77\n").unwrap();
        let settings = Settings::load_or_begin(&folders, Vec::new()).unwrap();
        assert_eq!(settings.config.limits.connections_max, 77);
    }
}

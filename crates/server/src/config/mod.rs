//! Configuration: one section per file, read once at start.
//!
//! Always true
//! 1. A value comes from the first of: flag, `CASEMATE_SECTION__KEY`, `casemate.toml`, default.
//! 2. A key that is not in [`keys::KEYS`] is refused, with the nearest name that exists.
//! 3. A secret is never a value here: it is the path of a file that holds it, in a key ending in
//!    `_file`.
//! 4. Rates can be raised, never switched off.
//!
//! Never: a read of the environment outside [`Sources::of_process`], a second read after start.

mod api;
mod backup;
mod broker;
mod data;
mod database;
mod files;
mod keys;
mod limits;
mod mail;
mod nearest;
mod retention;
mod roles;
mod security;
mod sources;
mod sso;
mod staff;
mod witnesses;

use std::path::PathBuf;

pub use api::ApiConfig;
pub use backup::{BackupConfig, BackupPlace};
pub use broker::{BrokerConfig, UnsealConfig};
pub use data::DataConfig;
pub use database::{DatabaseConfig, Engine, PostgresUrls};
pub use files::FilesConfig;
pub use keys::{KEYS, Key, Kind};
pub use limits::LimitsConfig;
pub use mail::MailConfig;
pub use retention::RetentionConfig;
pub use roles::RolesConfig;
pub use security::SecurityConfig;
pub use sources::Sources;
pub use sso::SsoSettings;
pub use staff::StaffConfig;
pub use witnesses::{WitnessSettings, WitnessesConfig};

/// Everything `serve` is told from outside.
#[derive(Debug)]
pub struct Config {
    /// Where the data lies.
    pub data: DataConfig,
    /// Where the API and the health pages listen.
    pub api: ApiConfig,
    /// Which engine, and how to reach it.
    pub database: DatabaseConfig,
    /// How to reach the broker, and which folders are its own.
    pub broker: BrokerConfig,
    /// Rates and connections.
    pub limits: LimitsConfig,
    /// The operator's mail server.
    pub mail: MailConfig,
    /// Files that the operator may give to sign-in.
    pub files: FilesConfig,
    /// Whom to tell about a weakness.
    pub security: SecurityConfig,
    /// Identity providers of the platform.
    pub sso: SsoSettings,
    /// What tells staff's passkeys in hardware.
    pub staff: StaffConfig,
    /// Who cosigns the log of checkpoints.
    pub witnesses: WitnessesConfig,
    /// Where backups go.
    pub backup: BackupConfig,
    /// For how long security logs are kept.
    pub retention: RetentionConfig,
    /// Which parts of `serve` run in this process.
    pub roles: RolesConfig,
}

/// Why a configuration was refused. Each says which key, and never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: std::io::ErrorKind,
    },
    /// The file is not TOML.
    #[error("{path} is not valid TOML, near line {line}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// There is no such key.
    #[error("there is no setting {key}; did you mean {nearest}?")]
    UnknownKey {
        /// What was given.
        key: String,
        /// The existing key that is most like it.
        nearest: &'static str,
    },
    /// The value is of another kind.
    #[error("{key} must be {wanted}")]
    WrongKind {
        /// The key.
        key: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// The value is out of its bounds, or does not fit another.
    #[error("{key}: {rule}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// Neither a data folder nor a home to put one in is known.
    #[error("no data folder: set data.folder, CASEMATE_DATA or HOME")]
    NoFolder,
}

impl Config {
    /// Reads every source once, checks every key, and opens the secret files.
    ///
    /// # Errors
    /// [`ConfigError`]: the first setting that is wrong.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let values = sources.values()?;
        let data = DataConfig::from_values(&values, sources)?;
        Ok(Self {
            api: ApiConfig::from_values(&values)?,
            database: DatabaseConfig::from_values(&values)?,
            broker: BrokerConfig::from_values(&values, &data, sources)?,
            limits: LimitsConfig::from_values(&values)?,
            mail: MailConfig::from_values(&values)?,
            files: FilesConfig::from_values(&values),
            security: SecurityConfig::from_values(&values)?,
            sso: SsoSettings::from_values(&values)?,
            staff: StaffConfig::from_values(&values),
            witnesses: WitnessesConfig::from_values(&values)?,
            backup: BackupConfig::from_values(&values)?,
            retention: RetentionConfig::from_values(&values)?,
            roles: RolesConfig::from_values(&values)?,
            data,
        })
    }

    /// Every setting with its value in effect, in the order of [`KEYS`], for `casemate config
    /// check`. Secret files appear by their path.
    ///
    /// # Errors
    /// [`ConfigError`]: the first setting that is wrong.
    pub fn check(sources: &Sources) -> Result<Vec<(&'static str, String)>, ConfigError> {
        let config = Self::load(sources)?;
        let values = sources.values()?;
        Ok(KEYS
            .iter()
            .map(|key| {
                let given = values.text(key.name);
                (key.name, given.unwrap_or_else(|| config.default_text(key)))
            })
            .collect())
    }

    fn default_text(&self, key: &Key) -> String {
        match key.name {
            "data.folder" => self.data.folder.display().to_string(),
            "broker.socket" => self.broker.socket.display().to_string(),
            "broker.key_store" => self.broker.key_store.display().to_string(),
            "broker.slots" => self.broker.slots.display().to_string(),
            _ => key.default.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;

//! `[broker]`: how to reach the broker, and which folders are its own.

use std::path::PathBuf;

use super::ConfigError;
use super::data::DataConfig;
use super::sources::{Sources, Values};

/// The broker's places.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// Its socket.
    pub socket: PathBuf,
    /// Its key store: `serve` is confined away from it.
    pub key_store: PathBuf,
    /// The unseal slots: `serve` is confined away from them.
    pub slots: PathBuf,
    /// The file of the passphrase that opens the keys at a start; without one, a key file does.
    pub passphrase_file: Option<PathBuf>,
}

impl BrokerConfig {
    pub(super) fn from_values(
        values: &Values,
        data: &DataConfig,
        sources: &Sources,
    ) -> Result<Self, ConfigError> {
        let slots = values
            .path("broker.slots")
            .or_else(|| sources.config_folder().map(|folder| folder.join("slots")))
            .ok_or(ConfigError::NoFolder)?;
        if slots.starts_with(&data.folder) {
            let rule =
                "slots must not lie in the data folder: a copy of the data would hold its key";
            return Err(ConfigError::OutOfRange { key: "broker.slots", rule });
        }
        let passphrase_file = values.path("broker.passphrase_file");
        if passphrase_file.as_ref().is_some_and(|file| file.starts_with(&data.folder)) {
            let rule =
                "it must not lie in the data folder: a copy of the data would hold what opens it";
            return Err(ConfigError::OutOfRange { key: "broker.passphrase_file", rule });
        }
        Ok(Self {
            socket: values.path("broker.socket").unwrap_or_else(|| data.run().join("broker.sock")),
            key_store: values
                .path("broker.key_store")
                .unwrap_or_else(|| data.folder.join("broker")),
            slots,
            passphrase_file,
        })
    }
}

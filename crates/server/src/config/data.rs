//! `[data]`: where the data lies.

use std::path::PathBuf;

use super::ConfigError;
use super::sources::{Sources, Values};

/// The data folder and the places in it that `serve` uses.
#[derive(Debug, Clone)]
pub struct DataConfig {
    /// The data folder.
    pub folder: PathBuf,
}

impl DataConfig {
    pub(super) fn from_values(values: &Values, sources: &Sources) -> Result<Self, ConfigError> {
        let folder = values.path("data.folder").or_else(|| sources.default_data_folder());
        Ok(Self { folder: folder.ok_or(ConfigError::NoFolder)? })
    }

    /// Certificates.
    #[must_use]
    pub fn tls(&self) -> PathBuf {
        self.folder.join("tls")
    }

    /// Sockets and `ready.json`.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.folder.join("run")
    }
}

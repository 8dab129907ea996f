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
    /// What opens other kinds of slots at a start.
    pub unseal: UnsealConfig,
}

/// What opens slots of the kinds beyond key file and passphrase.
#[derive(Debug, Clone, Default)]
pub struct UnsealConfig {
    /// The file of age identities.
    pub age_identity_file: Option<PathBuf>,
    /// The file of shares.
    pub shares_file: Option<PathBuf>,
    /// The folder of the service manager's credentials.
    pub credentials_folder: Option<PathBuf>,
    /// The file of the key service's token.
    pub kms_token_file: Option<PathBuf>,
    /// The certificates that its TLS is verified with, besides the well-known ones.
    pub kms_root_certificate_file: Option<PathBuf>,
    /// The PKCS#11 library.
    pub pkcs11_module: Option<PathBuf>,
    /// The file of the token's PIN.
    pub pkcs11_pin_file: Option<PathBuf>,
    /// Variables that the PKCS#11 library is told.
    pub pkcs11_environment: Vec<(String, String)>,
    /// How the TPM is reached.
    pub tpm: String,
}

impl UnsealConfig {
    fn from_values(
        values: &Values,
        data: &DataConfig,
        sources: &Sources,
    ) -> Result<Self, ConfigError> {
        let given = sources.variable("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let variables = values.or_default("broker.pkcs11_environment");
        let words = variables.split(',').filter(|word| !word.is_empty());
        let variable = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let variables: Option<Vec<_>> = words.map(variable).collect();
        Ok(Self {
            age_identity_file: outside(values, data, "broker.age_identity_file")?,
            shares_file: outside(values, data, "broker.shares_file")?,
            credentials_folder: outside(values, data, "broker.credentials_folder")?.or(given),
            kms_token_file: outside(values, data, "broker.kms_token_file")?,
            kms_root_certificate_file: values.path("broker.kms_root_certificate_file"),
            pkcs11_module: values.path("broker.pkcs11_module"),
            pkcs11_pin_file: outside(values, data, "broker.pkcs11_pin_file")?,
            pkcs11_environment: variables.ok_or(ConfigError::OutOfRange {
                key: "broker.pkcs11_environment",
                rule: "each word must be NAME=VALUE",
            })?,
            tpm: values.or_default("broker.tpm"),
        })
    }
}

/// The path of a file that opens keys: not in the data folder.
fn outside(
    values: &Values,
    data: &DataConfig,
    key: &'static str,
) -> Result<Option<PathBuf>, ConfigError> {
    let file = values.path(key);
    if file.as_ref().is_some_and(|file| file.starts_with(&data.folder)) {
        let rule =
            "it must not lie in the data folder: a copy of the data would hold what opens it";
        return Err(ConfigError::OutOfRange { key, rule });
    }
    Ok(file)
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
        let passphrase_file = outside(values, data, "broker.passphrase_file")?;
        Ok(Self {
            socket: values.path("broker.socket").unwrap_or_else(|| data.run().join("broker.sock")),
            key_store: values
                .path("broker.key_store")
                .unwrap_or_else(|| data.folder.join("broker")),
            slots,
            passphrase_file,
            unseal: UnsealConfig::from_values(values, data, sources)?,
        })
    }
}

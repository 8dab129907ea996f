//! `[backup]`: where backups go, how often, and how long they are kept.
//!
//! Always true
//! 1. Data and keys never share a folder: whoever copies one place gets half.
//! 2. Keys are kept no longer than data: what was shredded must not live on in old copies of keys.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::sources::Values;

/// One place: a folder for the data's backups and one for the keys'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlace {
    /// `first` or `second`.
    pub name: &'static str,
    /// Where the data's backups lie.
    pub data: PathBuf,
    /// Where the keys' backups lie.
    pub keys: PathBuf,
}

/// The backup section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupConfig {
    /// The places, at most two.
    pub places: Vec<BackupPlace>,
    /// From one backup to the next; `None`: only by hand.
    pub every_ms: Option<i64>,
    /// From one rehearsal to the next; `None`: only by hand.
    pub drill_every_ms: Option<i64>,
    /// Backups of data that are kept whatever their age.
    pub keep_count: usize,
    /// Age below which a backup of data is kept.
    pub keep_ms: i64,
    /// Age below which a backup of keys is kept.
    pub keep_keys_ms: i64,
    /// File with the address of PostgreSQL's backup role.
    pub postgres_url_file: Option<PathBuf>,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl BackupConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let mut places = Vec::new();
        let named = [
            ("first", "backup.folder", "backup.keys_folder"),
            ("second", "backup.second_folder", "backup.second_keys_folder"),
        ];
        for (name, data_key, keys_key) in named {
            places.extend(place(values, name, data_key, keys_key)?);
        }
        apart(&places)?;
        let rule = "it must be 0, for by hand only, or at most 720";
        let every = values.number("backup.every_hours", 0..=720, rule)?;
        let rule = "it must be 0, for by hand only, or at most 365";
        let drill = values.number("backup.drill_days", 0..=365, rule)?;
        let keep = values.number("backup.keep_count", 1..=10_000, "it must be 1 to 10000")?;
        let days = "it must be between 1 and 3650";
        let keep_ms = i64::from(values.number("backup.keep_days", 1..=3_650, days)?) * DAY_MS;
        let keys = values.number("backup.keep_keys_days", 1..=3_650, days)?;
        let keep_keys_ms = i64::from(keys) * DAY_MS;
        if keep_keys_ms > keep_ms {
            let rule = "keys are kept no longer than the data they open";
            return Err(ConfigError::OutOfRange { key: "backup.keep_keys_days", rule });
        }
        let some = |count: u32, unit: i64| (count > 0).then(|| i64::from(count) * unit);
        Ok(Self {
            places,
            every_ms: some(every, HOUR_MS),
            drill_every_ms: some(drill, DAY_MS),
            keep_count: usize::try_from(keep).unwrap_or(usize::MAX),
            keep_ms,
            keep_keys_ms,
            postgres_url_file: values.path("backup.postgres_url_file"),
        })
    }
}

fn place(
    values: &Values,
    name: &'static str,
    data_key: &'static str,
    keys_key: &'static str,
) -> Result<Option<BackupPlace>, ConfigError> {
    match (values.path(data_key), values.path(keys_key)) {
        (None, None) => Ok(None),
        (Some(data), Some(keys)) => Ok(Some(BackupPlace { name, data, keys })),
        (Some(_), None) => {
            let rule = "the keys need a folder of their own, apart from the data's";
            Err(ConfigError::OutOfRange { key: keys_key, rule })
        }
        (None, Some(_)) => {
            let rule = "the data needs a folder as well";
            Err(ConfigError::OutOfRange { key: data_key, rule })
        }
    }
}

/// No folder lies inside another.
fn apart(places: &[BackupPlace]) -> Result<(), ConfigError> {
    let folders: Vec<&Path> =
        places.iter().flat_map(|place| [place.data.as_path(), place.keys.as_path()]).collect();
    let inside = folders.iter().enumerate().any(|(at, folder)| {
        folders.iter().enumerate().any(|(other, outer)| at != other && folder.starts_with(outer))
    });
    let rule = "the folders of data and keys, and of both places, lie apart from each other";
    if inside { Err(ConfigError::OutOfRange { key: "backup.folder", rule }) } else { Ok(()) }
}

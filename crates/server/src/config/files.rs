//! `[passwords]` and `[places]`: files that the operator may give to sign-in.

use std::path::PathBuf;

use super::sources::Values;

/// Files that sign-in works without.
#[derive(Debug, Clone, Default)]
pub struct FilesConfig {
    /// Hashes of leaked passwords.
    pub breached: Option<PathBuf>,
    /// Where addresses are.
    pub places: Option<PathBuf>,
}

impl FilesConfig {
    pub(super) fn from_values(values: &Values) -> Self {
        Self {
            breached: values.path("passwords.breached_file"),
            places: values.path("places.country_file"),
        }
    }
}

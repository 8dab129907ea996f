//! `[staff]`: what tells a passkey that lives in hardware.

use std::path::PathBuf;

use identity::passkeys::{HardwareRoots, HardwareRootsError};

use super::sources::Values;
use super::sso::words;

/// The vendors' roots that the operator trusts. Without them nobody acts as staff.
#[derive(Debug, Clone, Default)]
pub struct StaffConfig {
    /// The file of roots.
    pub attestation_roots: Option<PathBuf>,
    /// Models (AAGUIDs) among what the roots sign for; none: all of them.
    pub models: Vec<String>,
}

impl StaffConfig {
    pub(super) fn from_values(values: &Values) -> Self {
        Self {
            attestation_roots: values.path("staff.attestation_roots_file"),
            models: words(&values.or_default("staff.authenticator_models")),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`HardwareRootsError`].
    pub fn hardware_roots(&self) -> Result<HardwareRoots, HardwareRootsError> {
        self.attestation_roots
            .as_deref()
            .map_or(Ok(HardwareRoots::default()), |file| HardwareRoots::open(file, &self.models))
    }
}

//! `[roles]`: which parts of `serve` run in this process.

use super::ConfigError;
use super::sources::Values;

/// The parts that run here. At least one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolesConfig {
    /// Answers requests.
    pub api: bool,
    /// Sequences the logs, runs jobs.
    pub worker: bool,
}

impl RolesConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let text = values.or_default("roles.run");
        let mut roles = Self { api: false, worker: false };
        for word in text.split(',') {
            match word.trim() {
                "api" => roles.api = true,
                "worker" => roles.worker = true,
                _ => return Err(unknown()),
            }
        }
        Ok(roles)
    }
}

const fn unknown() -> ConfigError {
    ConfigError::OutOfRange {
        key: "roles.run",
        rule: "the roles are api and worker; name one or both",
    }
}

//! `[retention]`: for how long security logs are kept.
//!
//! Always true: longer than what is promised, or as long; never shorter.

use domain::limits::{SECURITY_LOG_DAYS, SECURITY_LOG_DAYS_MAX};
use notary::KeptDays;

use super::ConfigError;
use super::sources::Values;

/// The retention section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionConfig {
    /// For how many days security logs are kept.
    pub security_log: KeptDays,
}

impl RetentionConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let key = "retention.security_log_days";
        let rule = "it must be between 90, which is promised, and 3660";
        let days = values.number(key, SECURITY_LOG_DAYS..=SECURITY_LOG_DAYS_MAX, rule)?;
        let security_log = KeptDays::at_least(days).ok_or(ConfigError::OutOfRange { key, rule })?;
        Ok(Self { security_log })
    }
}

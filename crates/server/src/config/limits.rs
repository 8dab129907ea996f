//! `[limits]`: rates and connections. They can be raised, never switched off.

use super::ConfigError;
use super::sources::Values;

/// Rates and connections.
#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    /// Most connections open at once.
    pub connections_max: u32,
    /// Requests a network may send without a credential, per minute.
    pub anonymous_per_minute: u32,
    /// Requests a person or a key may send, per minute.
    pub caller_per_minute: u32,
    /// Requests a network may send in all, per minute.
    pub network_per_minute: u32,
}

/// A million a minute is more than one process serves, so a higher number would mean "off".
const RATE: std::ops::RangeInclusive<u32> = 10..=1_000_000;
const RATE_RULE: &str = "a rate is between 10 and 1000000 per minute; it cannot be switched off";

impl LimitsConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        Ok(Self {
            connections_max: values.number(
                "limits.connections_max",
                16..=65_536,
                "it must be between 16 and 65536",
            )?,
            anonymous_per_minute: values.number("limits.anonymous_per_minute", RATE, RATE_RULE)?,
            caller_per_minute: values.number("limits.caller_per_minute", RATE, RATE_RULE)?,
            network_per_minute: values.number("limits.network_per_minute", RATE, RATE_RULE)?,
        })
    }
}

//! Rates: how much a network, a person or a key may ask in a minute.
//!
//! Always true
//! 1. A key of one workspace never shares a bucket with another's: the workspace is part of the
//!    key's type.
//! 2. Memory is bounded: past [`BUCKETS_MAX`] live buckets, newcomers share one, so that an
//!    attacker with many addresses slows newcomers down, and nobody who is already known.
//!
//! Source: the generic cell rate algorithm (ITU-T I.371), one number per bucket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::{ApiKeyId, TenantId, TimeMs, UserId};

use crate::config::LimitsConfig;

/// Most buckets that are remembered.
pub const BUCKETS_MAX: usize = 65_536;
/// A burst may be a sixth of a minute's share: ten seconds' worth at once.
const BURST_SHARE: i64 = 6;
const MINUTE_US: i64 = 60_000_000;

/// Whose share is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// Everything from one network.
    Network(IpAddr),
    /// What a network sends without a credential.
    Anonymous(IpAddr),
    /// A person, in a workspace or outside of any.
    Person(Option<TenantId>, UserId),
    /// Devices that ask to be let in, over all networks.
    Devices,
    /// An API key of a workspace.
    Key(TenantId, ApiKeyId),
    /// Newcomers when there are too many.
    Crowd,
}

impl RateKey {
    /// The bucket of everything from this address's network: an IPv6 host owns its whole /64.
    #[must_use]
    pub fn network(ip: IpAddr) -> Self {
        Self::Network(network_of(ip))
    }

    /// The bucket of what this address's network sends without a credential.
    #[must_use]
    pub fn anonymous(ip: IpAddr) -> Self {
        Self::Anonymous(network_of(ip))
    }
}

fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() & (u128::MAX << 64)).to_be_bytes()),
    }
}

/// What is left after a charge, as the `RateLimit` headers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The most that can be asked at once.
    pub limit: u32,
    /// How much of it is left.
    pub remaining: u32,
    /// In how many seconds all of it is back.
    pub reset_s: u32,
}

/// The share is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// What is left: nothing.
    pub rate: Rate,
    /// When one more request will be taken.
    pub retry_ms: i64,
}

/// All buckets.
#[derive(Debug)]
pub struct Limiter {
    limits: LimitsConfig,
    /// When each bucket will be full again, in microseconds.
    full_at: Mutex<HashMap<RateKey, i64>>,
}

impl Limiter {
    /// Buckets of these sizes, all full.
    #[must_use]
    pub fn new(limits: LimitsConfig) -> Self {
        Self { limits, full_at: Mutex::new(HashMap::new()) }
    }

    /// Takes one request out of a bucket.
    ///
    /// # Errors
    /// [`Exceeded`] when the bucket is empty; then nothing was taken.
    pub fn charge(&self, key: RateKey, now: TimeMs) -> Result<Rate, Exceeded> {
        let per_minute = i64::from(match key {
            RateKey::Network(_) => self.limits.network_per_minute,
            RateKey::Anonymous(_) | RateKey::Devices | RateKey::Crowd => {
                self.limits.anonymous_per_minute
            }
            RateKey::Person(..) | RateKey::Key(..) => self.limits.caller_per_minute,
        })
        .max(1);
        let now_us = now.0.saturating_mul(1_000);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let key = bucket(&mut full_at, key, now_us);
        let one_us = MINUTE_US / per_minute;
        let burst = (per_minute / BURST_SHARE).max(1);
        let before = full_at.get(&key).copied().unwrap_or(now_us).max(now_us);
        let after = before.saturating_add(one_us);
        let over_us = after.saturating_sub(now_us).saturating_sub(burst.saturating_mul(one_us));
        if over_us > 0 {
            let rate = rate(burst, 0, before - now_us);
            return Err(Exceeded { rate, retry_ms: over_us / 1_000 + 1 });
        }
        full_at.insert(key, after);
        Ok(rate(burst, -over_us / one_us, after - now_us))
    }
}

/// The key itself when there is room for it, after those that are full again were forgotten.
fn bucket(full_at: &mut HashMap<RateKey, i64>, key: RateKey, now_us: i64) -> RateKey {
    if full_at.len() < BUCKETS_MAX || full_at.contains_key(&key) {
        return key;
    }
    full_at.retain(|_, full| *full > now_us);
    if full_at.len() < BUCKETS_MAX { key } else { RateKey::Crowd }
}

fn rate(burst: i64, remaining: i64, reset_us: i64) -> Rate {
    let number = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    Rate {
        limit: number(burst),
        remaining: number(remaining),
        reset_s: number(reset_us.saturating_add(999_999) / 1_000_000),
    }
}

#[cfg(test)]
mod tests;

//! How often one network may ask.
//!
//! Always true: memory is bounded; when too many networks are known, all begin anew, which is
//! generous rather than forgetful of work in hand.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::TimeMs;

/// Requests of one network in one minute.
pub(crate) const PER_MINUTE_MAX: u32 = 600;
const MINUTE_MS: i64 = 60_000;
const NETWORKS_MAX: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct Pace {
    seen: Mutex<HashMap<IpAddr, (i64, u32)>>,
}

impl Pace {
    /// Whether one more request from here is within the pace.
    pub(crate) fn admits(&self, ip: IpAddr, now: TimeMs) -> bool {
        let minute = now.0 / MINUTE_MS;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= NETWORKS_MAX && !seen.contains_key(&network(ip)) {
            seen.clear();
        }
        let (of, count) = seen.entry(network(ip)).or_insert((minute, 0));
        if *of != minute {
            (*of, *count) = (minute, 0);
        }
        *count = count.saturating_add(1);
        *count <= PER_MINUTE_MAX
    }
}

/// An IPv4 address stands for itself, an IPv6 address for its /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let high = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(high.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_held_back_until_the_next_minute_and_others_are_not() {
        let pace = Pace::default();
        let (one, other) = ("2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        for _ in 0..PER_MINUTE_MAX {
            assert!(pace.admits(one, TimeMs(5)));
        }
        assert!(!pace.admits(one, TimeMs(6)));
        assert!(!pace.admits("2001:db8::ffff".parse().unwrap(), TimeMs(7)), "the same network");
        assert!(pace.admits(other, TimeMs(8)));
        assert!(pace.admits(one, TimeMs(MINUTE_MS)));
    }

    #[test]
    fn memory_is_bounded() {
        let pace = Pace::default();
        for number in 0..10_000_u32 {
            pace.admits(IpAddr::V4(number.into()), TimeMs(0));
        }
        assert!(pace.seen.lock().unwrap().len() <= NETWORKS_MAX);
    }
}

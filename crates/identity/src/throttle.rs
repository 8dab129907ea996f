//! How fast somebody may guess: per account, per network, and per pair of both.
//!
//! Always true
//! 1. A guess is counted before it is checked, in the transaction that judged it: parallel guesses cannot share
//!    one free try.
//! 2. Delays grow by doubling up to a bound, and counts drain with time: nobody is locked out for good.
//! 3. A refused guess is not counted, so waiting always helps.
//!
//! Honest limit: whoever keeps guessing at one account from many networks slows its owner down, by at most
//! [`ACCOUNT_DELAY_MS_MAX`] at a time; the known-device exemption comes with devices.
//!
//! Source: ASVS 5.0 6.3.1 and 6.1.1 (lockout must not be a weapon).

use std::net::IpAddr;

use domain::{EmailAddress, TimeMs, UserId};

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Guesses at one account, by its address whether it exists or not.
    Account(String),
    /// Guesses from one network.
    Network(Network),
    /// Guesses at one account from one network.
    Pair(String, Network),
}

/// Where guesses come from: the part of an address that its holder cannot change at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network([u8; 8]);

/// Guesses counted so far, drained with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Guesses at `last_at`.
    pub guesses: u32,
    /// The last counted guess.
    pub last_at: TimeMs,
}

/// Too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; try again in {retry_after_s} s")]
pub struct Throttled {
    /// Seconds until the next try is looked at.
    pub retry_after_s: u32,
}

/// Longest delay that guesses at one account bring upon everybody else who signs in to it.
pub const ACCOUNT_DELAY_MS_MAX: i64 = 30_000;
/// Longest delay of one network, and of one network at one account.
pub const NETWORK_DELAY_MS_MAX: i64 = 15 * 60 * 1_000;
/// One counted guess is forgotten per this time.
pub const DRAIN_MS: i64 = 10 * 60 * 1_000;

const DELAY_MS_MIN: i64 = 1_000;
const ACCOUNT_FREE: u32 = 10;
const NETWORK_FREE: u32 = 30;
const PAIR_FREE: u32 = 5;

const _: () = assert!(PAIR_FREE < ACCOUNT_FREE, "one network is slowed before the account is");
const _: () = assert!(ACCOUNT_DELAY_MS_MAX < NETWORK_DELAY_MS_MAX);

impl Network {
    /// The network of an address: /24 for IPv4, /64 for IPv6. Requests without an address share one network.
    #[must_use]
    pub fn of(ip: Option<IpAddr>) -> Self {
        let ip = ip.map(|ip| ip.to_canonical());
        Self(match ip {
            None => [0; 8],
            Some(IpAddr::V4(v4)) => {
                let [a, b, c, _] = v4.octets();
                [4, a, b, c, 0, 0, 0, 0]
            }
            Some(IpAddr::V6(v6)) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                [a, b, c, d, e, f, g, h]
            }
        })
    }
}

impl Subject {
    /// What one sign-in from here with this address counts towards.
    #[must_use]
    pub fn of_sign_in(email: &EmailAddress, ip: Option<IpAddr>) -> [Self; 3] {
        Self::of_account(email.as_str().to_owned(), ip)
    }

    /// What one further proof (a TOTP or backup code) by a signed-in person counts towards.
    #[must_use]
    pub fn of_proof(user: UserId, ip: Option<IpAddr>) -> [Self; 3] {
        Self::of_account(user.to_string(), ip)
    }

    fn of_account(account: String, ip: Option<IpAddr>) -> [Self; 3] {
        let network = Network::of(ip);
        [Self::Account(account.clone()), Self::Network(network), Self::Pair(account, network)]
    }

    /// The subject as bytes, the same for the same subject: its row's key is the digest of these.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Account(account) => [b"account ", account.as_bytes()].concat(),
            Self::Network(Network(bytes)) => [b"network ".as_slice(), bytes].concat(),
            Self::Pair(account, Network(bytes)) => {
                [b"pair ".as_slice(), bytes, account.as_bytes()].concat()
            }
        }
    }

    const fn free(&self) -> u32 {
        match self {
            Self::Account(_) => ACCOUNT_FREE,
            Self::Network(_) => NETWORK_FREE,
            Self::Pair(..) => PAIR_FREE,
        }
    }

    const fn delay_ms_max(&self) -> i64 {
        match self {
            Self::Account(_) => ACCOUNT_DELAY_MS_MAX,
            Self::Network(_) | Self::Pair(..) => NETWORK_DELAY_MS_MAX,
        }
    }

    /// How long after the last of so many guesses the next one waits.
    fn delay_ms(&self, guesses: u32) -> i64 {
        match guesses.checked_sub(self.free()) {
            None => 0,
            Some(over) => DELAY_MS_MIN
                .checked_shl(over.min(31))
                .map_or(self.delay_ms_max(), |delay| delay.min(self.delay_ms_max())),
        }
    }
}

impl Count {
    /// What is left of the count at this moment.
    #[must_use]
    pub fn drained(self, now: TimeMs) -> u32 {
        let gone = now.since_ms(self.last_at).max(0) / DRAIN_MS;
        self.guesses.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX))
    }
}

/// Judges one guess and counts it: the new count of each subject, to be written before the guess is checked.
///
/// # Errors
/// [`Throttled`] with the longest wait among the subjects; then nothing is counted.
pub fn admit<const N: usize>(
    subjects: &[(Subject, Option<Count>); N],
    now: TimeMs,
) -> Result<[Count; N], Throttled> {
    let wait_ms = |(subject, count): &(Subject, Option<Count>)| {
        count.map_or(0, |count| {
            // A clock that went back must not lengthen a wait past its own delay.
            let delay_ms = subject.delay_ms(count.drained(now));
            (delay_ms - now.since_ms(count.last_at).max(0)).max(0)
        })
    };
    let wait_ms_max = subjects.iter().map(wait_ms).max().unwrap_or(0);
    if wait_ms_max > 0 {
        let retry_after_s = u32::try_from((wait_ms_max + 999) / 1_000).unwrap_or(u32::MAX);
        return Err(Throttled { retry_after_s });
    }
    Ok(subjects.each_ref().map(|(_, count)| Count {
        guesses: count.map_or(0, |count| count.drained(now)).saturating_add(1),
        last_at: now,
    }))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn email() -> EmailAddress {
        EmailAddress::parse("ada@one.example").unwrap()
    }

    fn ip(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    /// Guesses as fast as the rule lets us for `ms`; how many were admitted.
    fn guesses_within(ms: i64) -> u32 {
        let subjects = Subject::of_sign_in(&email(), ip(1));
        let mut counts = [None; 3];
        let (mut now, mut admitted) = (TimeMs(0), 0);
        while now.0 <= ms {
            let state = [0, 1, 2].map(|i| (subjects[i].clone(), counts[i]));
            match admit(&state, now) {
                Ok(counted) => {
                    counts = counted.map(Some);
                    admitted += 1;
                }
                Err(Throttled { retry_after_s }) => {
                    now = now.plus_ms(i64::from(retry_after_s) * 1_000);
                }
            }
        }
        admitted
    }

    #[test]
    fn guesses_are_few_in_a_day_and_never_none() {
        let (minute, day) = (guesses_within(60_000), guesses_within(24 * 3_600_000));
        assert!((5..=12).contains(&minute), "{minute} in a minute");
        assert!((60..=200).contains(&day), "{day} in a day");
    }

    #[test]
    fn delays_double_up_to_their_bound_whatever_the_count() {
        let [account, network, pair] = Subject::of_sign_in(&email(), ip(1));
        assert_eq!([4, 5, 6, 7, 8].map(|n| pair.delay_ms(n)), [0, 1_000, 2_000, 4_000, 8_000]);
        for many in [40, 64, 70, 1_000, u32::MAX] {
            assert_eq!(account.delay_ms(many), ACCOUNT_DELAY_MS_MAX);
            assert_eq!(pair.delay_ms(many), NETWORK_DELAY_MS_MAX);
        }
        assert_eq!(network.delay_ms(NETWORK_FREE - 1), 0);
    }

    #[test]
    fn a_refused_guess_is_not_counted_so_waiting_always_helps() {
        let [_, _, pair] = Subject::of_sign_in(&email(), ip(1));
        let count = Count { guesses: 6, last_at: TimeMs(0) };
        let at = |ms| admit(&[(pair.clone(), Some(count))], TimeMs(ms));
        assert_eq!(at(0), Err(Throttled { retry_after_s: 2 }));
        assert_eq!(at(1_999), Err(Throttled { retry_after_s: 1 }));
        assert_eq!(at(2_000), Ok([Count { guesses: 7, last_at: TimeMs(2_000) }]));
    }

    #[test]
    fn counts_drain_with_time() {
        let count = Count { guesses: 8, last_at: TimeMs(0) };
        assert_eq!(count.drained(TimeMs(DRAIN_MS * 3)), 5);
        assert_eq!(count.drained(TimeMs(DRAIN_MS * 1_000)), 0);
        assert_eq!(count.drained(TimeMs(-DRAIN_MS)), 8);
    }

    #[test]
    fn a_neighbour_in_the_same_network_shares_its_count_and_a_mapped_address_does_not_escape() {
        assert_eq!(Network::of(ip(1)), Network::of(ip(254)));
        assert_ne!(Network::of(ip(1)), Network::of(Some(Ipv4Addr::new(192, 0, 3, 1).into())));
        let mapped = Ipv4Addr::new(192, 0, 2, 9).to_ipv6_mapped();
        assert_eq!(Network::of(Some(mapped.into())), Network::of(ip(1)));
        let v6 =
            |last: u16| Network::of(Some(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, last, 0, 0, 1).into()));
        assert_eq!(v6(1), v6(0xffff));
    }

    #[test]
    fn subjects_never_share_a_row() {
        let mut rows: Vec<Vec<u8>> = Subject::of_sign_in(&email(), ip(1))
            .into_iter()
            .chain(Subject::of_sign_in(&email(), None))
            .map(|subject| subject.to_bytes())
            .collect();
        rows.sort();
        rows.dedup();
        assert_eq!(rows.len(), 5, "only the account is the same from both networks");
    }
}

//! How fast somebody may guess: at one account, from one network, and at one account from one
//! network.
//!
//! Always true
//! 1. A guess is counted before it is checked, and its account's row stays locked until that is
//!    committed: parallel guesses cannot share one free try.
//! 2. Delays double up to a bound, and a count is forgotten after [`QUIET_MS`] without a guess:
//!    nobody is locked out for good.
//! 3. A guess that is refused for being too early is not counted, so waiting always helps.
//! 4. Success takes back what it counted. A network is counted by refusals alone, so that a big
//!    office behind one address is not slowed by its own sign-ins.
//!
//! 5. A known device of the account is counted by itself: who hammers the account from elsewhere
//!    slows nobody who was there before, and a stolen device gains tries at one account only.
//!
//! Honest limit: whoever keeps guessing at one account from many networks slows its owner down on a
//! new device, by at most [`ACCOUNT_DELAY_MS_MAX`] at a time.
//!
//! Source: ASVS 5.0 6.3.1 and 6.1.1 (lockout must not be a weapon).

use std::net::IpAddr;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use domain::{DeviceId, EmailAddress, Origin, TimeMs, UserId};
use store::{PlatformTx, StoreError};

/// Who guesses at what from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    account: String,
    network: Network,
    device: Option<DeviceId>,
}

/// Where guesses come from: the part of an address that its holder cannot change at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network([u8; 8]);

/// Too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; try again in {retry_after_s} s")]
pub struct Throttled {
    /// Seconds until the next try is looked at.
    pub retry_after_s: u32,
}

/// Why a guess was not admitted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdmitted {
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Longest delay that guesses at one account bring upon everybody who signs in to it.
pub const ACCOUNT_DELAY_MS_MAX: i64 = 30_000;
/// Longest delay that guesses from one network bring upon everybody in it.
pub const NETWORK_DELAY_MS_MAX: i64 = 60_000;
/// Longest delay of one network at one account.
pub const PAIR_DELAY_MS_MAX: i64 = 15 * 60 * 1_000;
/// A count is forgotten after this long without a guess.
pub const QUIET_MS: i64 = 60 * 60 * 1_000;

const DELAY_MS_MIN: i64 = 1_000;

const _: () = assert!(PAIR_DELAY_MS_MAX < QUIET_MS, "waiting out a delay must not reset the count");
const _: () = assert!(Subject::Pair.free() < Subject::Account.free());

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Account,
    Network,
    Pair,
    Device,
}

impl Network {
    /// The network of an address: /24 for IPv4, /64 for IPv6. Requests without an address share one
    /// network.
    #[must_use]
    pub fn of(ip: Option<IpAddr>) -> Self {
        Self(match ip.map(|ip| ip.to_canonical()) {
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

    /// The network as it is digested.
    pub(crate) const fn to_bytes(self) -> [u8; 8] {
        self.0
    }

    /// The network as a text, which is digested too before it is kept.
    pub(crate) fn name(self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl Guess {
    /// A sign-in to the account with this address, whether there is one or not.
    #[must_use]
    pub fn of_sign_in(email: &EmailAddress, origin: &Origin) -> Self {
        Self { account: format!("email {email}"), network: Network::of(origin.ip), device: None }
    }

    /// A password reset or a recovery that is asked for, whether there is such an account or not.
    #[must_use]
    pub fn of_reset(email: &EmailAddress, origin: &Origin) -> Self {
        Self { account: format!("reset {email}"), network: Network::of(origin.ip), device: None }
    }

    /// A further proof by somebody who is signed in.
    #[must_use]
    pub fn of_proof(user: UserId, origin: &Origin) -> Self {
        Self { account: format!("proof {user}"), network: Network::of(origin.ip), device: None }
    }

    /// The same guess from a known device of the account, if it is one.
    #[must_use]
    pub(crate) fn with_device(self, device: Option<DeviceId>) -> Self {
        Self { device, ..self }
    }

    /// What it is counted under before it is checked.
    const fn counted(&self) -> &'static [Subject] {
        match self.device {
            None => &[Subject::Account, Subject::Pair],
            Some(_) => &[Subject::Device],
        }
    }

    /// A sign-in by the passkey with this id, whether there is one or not.
    #[must_use]
    pub fn of_passkey(credential_id: &str, origin: &Origin) -> Self {
        let account = format!("passkey {credential_id}");
        Self { account, network: Network::of(origin.ip), device: None }
    }

    /// Judges this guess and counts it. Committed before the guess is checked.
    ///
    /// # Errors
    /// [`NotAdmitted::Throttled`]: the transaction must end without a commit, so that nothing is
    /// counted.
    pub(crate) fn admit(&self, tx: &mut PlatformTx<'_>) -> Result<(), NotAdmitted> {
        if self.device.is_none() {
            let network = tx.throttle().find(&self.row(Subject::Network))?;
            not_before(network.map(|state| state.blocked_until), tx.now())?;
        }
        for subject in self.counted() {
            self.count(tx, *subject)?;
        }
        Ok(())
    }

    /// Counts a refusal against the network it came from.
    pub(crate) fn refused(&self, tx: &mut PlatformTx<'_>) -> Result<(), StoreError> {
        match self.count(tx, Subject::Network) {
            Ok(()) | Err(NotAdmitted::Throttled(_)) => Ok(()),
            Err(NotAdmitted::Store(error)) => Err(error),
        }
    }

    /// Takes back what was counted: the guess was right.
    pub(crate) fn forgive(&self, tx: &mut PlatformTx<'_>) -> Result<(), StoreError> {
        for subject in self.counted() {
            tx.throttle().clear(&self.row(*subject))?;
        }
        Ok(())
    }

    fn count(&self, tx: &mut PlatformTx<'_>, subject: Subject) -> Result<(), NotAdmitted> {
        let (row, now) = (self.row(subject), tx.now());
        let before = tx.throttle().find(&row)?;
        // From here on the row is locked: whoever else guesses at it waits for this commit.
        let mut counted = tx.throttle().count(&row)?;
        not_before(Some(counted.blocked_until), now)?;
        let forgotten = before.is_some_and(|before| {
            // Only when nobody counted in between: else every parallel guess would start afresh.
            before.failures + 1 == counted.failures && now.since_ms(before.updated_at) > QUIET_MS
        });
        if forgotten {
            tx.throttle().clear(&row)?;
            counted = tx.throttle().count(&row)?;
        }
        let delay_ms = subject.delay_ms(counted.failures);
        if delay_ms > 0 {
            tx.throttle().block(&row, now.plus_ms(delay_ms))?;
        }
        Ok(())
    }

    /// The subject's row. A digest: the table of guesses holds no address of a person.
    fn row(&self, subject: Subject) -> String {
        let Network(network) = self.network;
        let text = match subject {
            Subject::Account => [b"account ".as_slice(), self.account.as_bytes()].concat(),
            Subject::Network => [b"network ".as_slice(), &network].concat(),
            Subject::Pair => [b"pair ".as_slice(), &network, self.account.as_bytes()].concat(),
            Subject::Device => {
                let device = self.device.map_or([0; 16], DeviceId::to_bytes);
                [b"device ".as_slice(), &device, self.account.as_bytes()].concat()
            }
        };
        HEXLOWER.encode(digest::digest(&digest::SHA256, &text).as_ref())
    }
}

impl Subject {
    const fn free(self) -> u32 {
        match self {
            Self::Account => 10,
            Self::Network => 30,
            Self::Pair | Self::Device => 5,
        }
    }

    const fn delay_ms_max(self) -> i64 {
        match self {
            Self::Account => ACCOUNT_DELAY_MS_MAX,
            Self::Network => NETWORK_DELAY_MS_MAX,
            Self::Pair | Self::Device => PAIR_DELAY_MS_MAX,
        }
    }

    /// How long the next guess waits after so many.
    fn delay_ms(self, guesses: u32) -> i64 {
        match guesses.checked_sub(self.free()) {
            None => 0,
            Some(over) => (DELAY_MS_MIN << over.min(31)).min(self.delay_ms_max()),
        }
    }
}

fn not_before(blocked_until: Option<TimeMs>, now: TimeMs) -> Result<(), Throttled> {
    let wait_ms = blocked_until.map_or(0, |until| until.since_ms(now));
    if wait_ms <= 0 {
        return Ok(());
    }
    // A clock that went back must not make somebody wait longer than the longest delay.
    let wait_s = (wait_ms.min(PAIR_DELAY_MS_MAX) + 999) / 1_000;
    Err(Throttled { retry_after_s: u32::try_from(wait_s).unwrap_or(u32::MAX) })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use domain::RequestId;

    use super::*;
    use crate::testing::mint;

    fn ip(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    /// Guesses as fast as the rule lets one network at one account, for `ms`.
    fn guesses_within(ms: i64) -> u32 {
        let (mut now, mut guesses) = (0, 0);
        while now <= ms {
            guesses += 1;
            now += Subject::Pair.delay_ms(guesses).max(Subject::Account.delay_ms(guesses));
        }
        guesses
    }

    #[test]
    fn guesses_are_few_in_a_day_and_never_none() {
        let (minute, day) = (guesses_within(60_000), guesses_within(24 * 3_600_000));
        assert!((5..=12).contains(&minute), "{minute} in a minute");
        assert!((60..=200).contains(&day), "{day} in a day");
    }

    #[test]
    fn delays_double_up_to_their_bound_whatever_the_count() {
        let pair = [4, 5, 6, 7, 8].map(|n| Subject::Pair.delay_ms(n));
        assert_eq!(pair, [0, 1_000, 2_000, 4_000, 8_000]);
        for many in [40, 64, 70, 1_000, u32::MAX] {
            assert_eq!(Subject::Account.delay_ms(many), ACCOUNT_DELAY_MS_MAX);
            assert_eq!(Subject::Network.delay_ms(many), NETWORK_DELAY_MS_MAX);
            assert_eq!(Subject::Pair.delay_ms(many), PAIR_DELAY_MS_MAX);
        }
    }

    #[test]
    fn the_wait_is_rounded_up_and_ends() {
        let at = |ms| not_before(Some(TimeMs(2_000)), TimeMs(ms));
        assert_eq!(at(0), Err(Throttled { retry_after_s: 2 }));
        assert_eq!(at(1_999), Err(Throttled { retry_after_s: 1 }));
        assert_eq!(at(2_000), Ok(()));
        let Err(Throttled { retry_after_s }) = at(-1_000_000_000) else { panic!("early") };
        assert_eq!(i64::from(retry_after_s) * 1_000, PAIR_DELAY_MS_MAX);
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
    fn rows_of_different_subjects_differ_and_name_nobody() {
        let email = EmailAddress::parse("ada@one.example").unwrap();
        let origin = |ip| Origin { request: mint(1).id::<RequestId>(), ip, user_agent: None };
        let here = Guess::of_sign_in(&email, &origin(ip(1)));
        let there = Guess::of_sign_in(&email, &origin(None));
        let mut rows: Vec<String> = [&here, &there]
            .into_iter()
            .flat_map(|guess| {
                [Subject::Account, Subject::Network, Subject::Pair].map(|s| guess.row(s))
            })
            .collect();
        rows.sort();
        rows.dedup();
        assert_eq!(rows.len(), 5, "only the account is the same from both networks");
        assert!(rows.iter().all(|row| row.len() == 64));
    }
}

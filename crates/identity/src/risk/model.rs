//! The model: a sum of logarithms of likelihood ratios, one per feature.
//!
//! Always true
//! 1. A contribution is `ln p(value | anybody) - ln p(value | this person)`: above zero speaks for
//!    somebody else, below zero for the person.
//! 2. Both likelihoods are smoothed and never zero; the person's backs off to everybody's.
//! 3. A narrow feature counts given its wider one: in a country never seen, the network adds
//!    nothing more.
//! 4. Seeing a value once more never makes it more suspicious.
//!
//! Never: I/O, a clock, randomness.

use std::collections::BTreeMap;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// The country, where a file of places is at hand.
    Country,
    /// The network's wider neighbourhood: /16 for IPv4, /32 for IPv6.
    Area,
    /// The network: /24 for IPv4, /64 for IPv6.
    Network,
    /// The operating system.
    System,
    /// The family of the client.
    Agent,
    /// The hour of the day, UTC.
    Hour,
    /// Whether the device was recognised.
    Device,
}

/// How often values were seen: one person's, or everybody's.
pub trait Counts {
    /// Sign-ins in all.
    fn sign_ins(&self) -> u64;
    /// Those with this value.
    fn times(&self, feature: Feature, value: &str) -> u64;
}

/// A sign-in to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The country, if known.
    pub country: Option<String>,
    /// The network's neighbourhood.
    pub area: String,
    /// The network.
    pub network: String,
    /// The operating system.
    pub system: String,
    /// The client's family, with its system.
    pub agent: String,
    /// The hour of the day, 0 to 23.
    pub hour: u8,
    /// Whether the device is one of this person's.
    pub device: Recognised,
}

/// Whether a device is one of this person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// It showed the token of an earlier sign-in.
    Yes,
    /// It did not.
    No,
}

/// What one feature added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// The feature.
    pub feature: Feature,
    /// The logarithm of its ratio; above zero speaks against the person.
    pub log_ratio: f64,
}

/// A judgement with its explanation.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The logarithm of the whole ratio: the sum of the contributions.
    pub log_ratio: f64,
    /// What each feature added, in the order of [`Feature`].
    pub contributions: Vec<Contribution>,
}

/// What a judgement leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Like the earlier ones.
    Low,
    /// Unlike them: the factor does not count as fresh.
    Middle,
    /// Very unlike them: the person is told as well.
    High,
}

/// The log ratio from which a sign-in is in the middle band.
pub const MIDDLE_FROM: f64 = 2.0;
/// The log ratio from which a sign-in is in the high band.
pub const HIGH_FROM: f64 = 5.0;
/// Sign-ins that make a history: with fewer, everything is in the low band.
pub const JUDGED_FROM: u64 = 5;

/// Weight of what everybody does in what one person does: as much as one sign-in.
const PRIOR: f64 = 1.0;
/// How often a thief has the device's token too; an assumption, on the cautious side.
const DEVICE_STOLEN: f64 = 0.01;

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 7] = [
        Self::Country,
        Self::Area,
        Self::Network,
        Self::System,
        Self::Agent,
        Self::Hour,
        Self::Device,
    ];

    /// The name in entries and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Area => "area",
            Self::Network => "network",
            Self::System => "system",
            Self::Agent => "agent",
            Self::Hour => "hour",
            Self::Device => "device",
        }
    }

    /// About how many values there are within one value of the wider feature: what is not seen yet
    /// shares the likelihood of so many.
    const fn values(self) -> f64 {
        match self {
            Self::Country => 100.0,
            Self::Area => 50.0,
            Self::Network => 200.0,
            Self::System => 6.0,
            Self::Agent => 8.0,
            Self::Hour => 24.0,
            Self::Device => 2.0,
        }
    }
}

/// The value that counts recognised devices.
pub(crate) const RECOGNISED: &str = "recognised";

/// Judges a sign-in by one person's history and by what everybody does.
#[must_use]
pub fn score(own: &impl Counts, all: &impl Counts, attempt: &Attempt) -> Score {
    let mut contributions = Vec::with_capacity(Feature::ALL.len());
    let mut chain = |steps: &[(Feature, Option<&str>)]| {
        let mut within = (own.sign_ins(), all.sign_ins());
        for (feature, value) in steps {
            let Some(value) = value else { continue };
            let seen = (own.times(*feature, value), all.times(*feature, value));
            let log_ratio = log_ratio(*feature, count(seen), count(within));
            contributions.push(Contribution { feature: *feature, log_ratio });
            within = seen;
        }
    };
    chain(&[
        (Feature::Country, attempt.country.as_deref()),
        (Feature::Area, Some(&attempt.area)),
        (Feature::Network, Some(&attempt.network)),
    ]);
    chain(&[(Feature::System, Some(&attempt.system)), (Feature::Agent, Some(&attempt.agent))]);
    let hours = (around(own, attempt.hour), around(all, attempt.hour));
    let sign_ins = count((own.sign_ins(), all.sign_ins()));
    let hour = log_ratio(Feature::Hour, hours, sign_ins);
    contributions.push(Contribution { feature: Feature::Hour, log_ratio: hour });
    let device = device(own, attempt.device);
    contributions.push(Contribution { feature: Feature::Device, log_ratio: device });
    Score { log_ratio: contributions.iter().map(|it| it.log_ratio).sum(), contributions }
}

/// `ln p(value | anybody) - ln p(value | person)`, each within the wider value.
fn log_ratio(feature: Feature, seen: (f64, f64), within: (f64, f64)) -> f64 {
    // Rows may have been forgotten: the part is never more than the whole.
    let (own, all) = (within.0.max(seen.0), within.1.max(seen.1));
    let anybody = (seen.1 + 1.0) / (all + feature.values());
    let person = (seen.0 + PRIOR * anybody) / (own + PRIOR);
    anybody.ln() - person.ln()
}

fn device(own: &impl Counts, device: Recognised) -> f64 {
    let known = count_one(own.times(Feature::Device, RECOGNISED));
    let sign_ins = count_one(own.sign_ins()).max(known);
    let (thief, person) = match device {
        Recognised::Yes => (DEVICE_STOLEN, (known + 1.0) / (sign_ins + 2.0)),
        Recognised::No => (1.0 - DEVICE_STOLEN, (sign_ins - known + 1.0) / (sign_ins + 2.0)),
    };
    thief.ln() - person.ln()
}

/// Sign-ins about this hour: half of the hour's, a quarter of each neighbour's.
fn around(counts: &impl Counts, hour: u8) -> f64 {
    let at = |h: u8| count_one(counts.times(Feature::Hour, hour_name(h)));
    let hour = hour % 24;
    0.5 * at(hour) + 0.25 * at((hour + 1) % 24) + 0.25 * at((hour + 23) % 24)
}

/// The name of an hour.
pub(crate) fn hour_name(hour: u8) -> &'static str {
    const NAMES: [&str; 24] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
        "17", "18", "19", "20", "21", "22", "23",
    ];
    NAMES.get(usize::from(hour)).copied().unwrap_or("0")
}

fn count((own, all): (u64, u64)) -> (f64, f64) {
    (count_one(own), count_one(all))
}

/// Counts stay far below 2^32, where a float is exact.
fn count_one(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

impl Score {
    /// The band of this judgement, for somebody with so many earlier sign-ins.
    #[must_use]
    pub fn band(&self, sign_ins: u64) -> Band {
        if sign_ins < JUDGED_FROM || self.log_ratio < MIDDLE_FROM {
            Band::Low
        } else if self.log_ratio < HIGH_FROM {
            Band::Middle
        } else {
            Band::High
        }
    }
}

impl Band {
    /// The name in entries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Middle => "middle",
            Self::High => "high",
        }
    }
}

impl Attempt {
    /// Its values, each with its feature.
    pub(crate) fn values(&self) -> impl Iterator<Item = (Feature, &str)> {
        let country = self.country.as_deref().map(|country| (Feature::Country, country));
        let device = match self.device {
            Recognised::Yes => Some((Feature::Device, RECOGNISED)),
            Recognised::No => None,
        };
        country.into_iter().chain(device).chain([
            (Feature::Area, self.area.as_str()),
            (Feature::Network, self.network.as_str()),
            (Feature::System, self.system.as_str()),
            (Feature::Agent, self.agent.as_str()),
            (Feature::Hour, hour_name(self.hour % 24)),
        ])
    }
}

/// Counts in memory, for replays.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    sign_ins: u64,
    times: BTreeMap<(Feature, String), u64>,
}

impl Tally {
    /// Counts one more sign-in.
    pub fn add(&mut self, attempt: &Attempt) {
        self.sign_ins += 1;
        for (feature, value) in attempt.values() {
            *self.times.entry((feature, value.to_owned())).or_default() += 1;
        }
    }

    /// Values that are held.
    #[must_use]
    pub fn values(&self) -> usize {
        self.times.len()
    }
}

impl Counts for Tally {
    fn sign_ins(&self) -> u64 {
        self.sign_ins
    }

    fn times(&self, feature: Feature, value: &str) -> u64 {
        self.times.get(&(feature, value.to_owned())).copied().unwrap_or(0)
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;

//! Replays recorded sign-ins through the model and measures it: attacks found against people asked
//! again.
//!
//! Always true
//! 1. A record is judged by what came before it, then counted; attacks are judged and never
//!    counted, as in the publications.
//! 2. Memory is bounded: beyond [`PEOPLE_MAX`] people, those not seen yet are passed over and
//!    counted as passed over; scores are kept in bins, not one by one.

use std::collections::HashMap;

use super::agents::agent_of;
use super::model::{Attempt, JUDGED_FROM, Recognised, Score, Tally, score};
use super::reading::area_of;
use crate::throttle::Network;

/// Most people whose history is held.
pub const PEOPLE_MAX: usize = 200_000;
/// Most values of one person's history, as in the tables.
const VALUES_PER_PERSON_MAX: usize = 400;
/// Bins of a twentieth of a log ratio, from -30 to +30.
const BINS: usize = 1_200;
const PER_UNIT: f64 = 20.0;

/// Who sent a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The person.
    Legitimate,
    /// Somebody else who had their password.
    Attack,
}

/// One recorded sign-in.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whose account.
    pub user: String,
    /// Who sent it.
    pub record: Record,
    /// When, in seconds since the epoch.
    pub at_s: i64,
    /// From which address.
    pub ip: std::net::IpAddr,
    /// The country, if known.
    pub country: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Whether it showed the token of an earlier sign-in.
    pub device: Recognised,
}

/// The model on its way through a file.
pub struct Replay {
    people: HashMap<String, Tally>,
    everybody: Tally,
    legitimate: Vec<u64>,
    attacks: Vec<u64>,
    judged_apart: u64,
    passed_over: u64,
}

/// What a threshold would have done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The log ratio from which somebody is asked again.
    pub from: f64,
    /// Share of attacks at or above it.
    pub attacks_found: f64,
    /// Share of the people's own sign-ins at or above it.
    pub people_asked: f64,
}

impl Default for Replay {
    fn default() -> Self {
        Self {
            people: HashMap::new(),
            everybody: Tally::default(),
            legitimate: vec![0; BINS],
            attacks: vec![0; BINS],
            judged_apart: 0,
            passed_over: 0,
        }
    }
}

impl Row {
    fn attempt(&self) -> Attempt {
        let agent = agent_of(self.user_agent.as_deref());
        let hour = self.at_s.div_euclid(3_600).rem_euclid(24);
        Attempt {
            country: self.country.clone(),
            area: area_of(Some(self.ip)),
            network: Network::of(Some(self.ip)).name(),
            system: agent.system.to_owned(),
            agent: format!("{} {}", agent.system, agent.family),
            hour: u8::try_from(hour).unwrap_or(0),
            device: self.device,
        }
    }
}

impl Replay {
    /// Judges one record, and counts it when the person sent it. The score; `None` when there was
    /// too little history, or no room for one more person.
    pub fn next(&mut self, row: &Row) -> Option<Score> {
        let attempt = row.attempt();
        if !self.people.contains_key(&row.user) && self.people.len() >= PEOPLE_MAX {
            self.passed_over += 1;
            return None;
        }
        let own = self.people.entry(row.user.clone()).or_default();
        let judged = (super::model::Counts::sign_ins(own) >= JUDGED_FROM)
            .then(|| score(own, &self.everybody, &attempt));
        match (&judged, row.record) {
            (None, _) => self.judged_apart += 1,
            (Some(score), Record::Legitimate) => count(&mut self.legitimate, score.log_ratio),
            (Some(score), Record::Attack) => count(&mut self.attacks, score.log_ratio),
        }
        if row.record == Record::Legitimate && own.values() < VALUES_PER_PERSON_MAX {
            own.add(&attempt);
            self.everybody.add(&attempt);
        }
        judged
    }

    /// Judged sign-ins of people, and judged attacks.
    #[must_use]
    pub fn judged(&self) -> (u64, u64) {
        (self.legitimate.iter().sum(), self.attacks.iter().sum())
    }

    /// Records with too little history, and records of people beyond [`PEOPLE_MAX`].
    #[must_use]
    pub const fn unjudged(&self) -> (u64, u64) {
        (self.judged_apart, self.passed_over)
    }

    /// What this threshold would have done.
    #[must_use]
    pub fn at(&self, from: f64) -> Outcome {
        Outcome {
            from,
            attacks_found: share(&self.attacks, from),
            people_asked: share(&self.legitimate, from),
        }
    }

    /// The threshold that finds at least this share of attacks, with the fewest people asked.
    #[must_use]
    pub fn finding(&self, attacks: f64) -> Outcome {
        let froms = (0..BINS).rev().map(lower_edge);
        let found = froms.map(|from| self.at(from)).find(|it| it.attacks_found >= attacks);
        found.unwrap_or_else(|| self.at(lower_edge(0)))
    }
}

fn lower_edge(bin: usize) -> f64 {
    let middle = f64::from(u32::try_from(BINS / 2).unwrap_or(0));
    (f64::from(u32::try_from(bin).unwrap_or(0)) - middle) / PER_UNIT
}

fn count(bins: &mut [u64], log_ratio: f64) {
    let bin = (0..BINS).rev().find(|bin| lower_edge(*bin) <= log_ratio).unwrap_or(0);
    if let Some(count) = bins.get_mut(bin) {
        *count += 1;
    }
}

fn share(bins: &[u64], from: f64) -> f64 {
    let all: u64 = bins.iter().sum();
    let above: u64 = bins
        .iter()
        .enumerate()
        .filter(|(bin, _)| lower_edge(*bin) >= from - 1e-9)
        .map(|(_, n)| n)
        .sum();
    if all == 0 { 0.0 } else { ratio(above, all) }
}

fn ratio(part: u64, whole: u64) -> f64 {
    let float = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    float(part) / float(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(user: &str, record: Record, ip: [u8; 4], n: i64) -> Row {
        let (user, at_s) = (user.to_owned(), n * 86_400);
        let agent = Some("curl/8".to_owned());
        let ip = ip.into();
        Row { user, record, at_s, ip, country: None, user_agent: agent, device: Recognised::No }
    }

    #[test]
    fn attacks_are_judged_and_never_counted() {
        let mut replay = Replay::default();
        for n in 0..20 {
            replay.next(&row("ada", Record::Legitimate, [192, 0, 2, 1], n));
        }
        let first = replay.next(&row("ada", Record::Attack, [203, 0, 113, 1], 21)).unwrap();
        let again = replay.next(&row("ada", Record::Attack, [203, 0, 113, 1], 21)).unwrap();
        assert_eq!(first, again);
        let home = replay.next(&row("ada", Record::Legitimate, [192, 0, 2, 1], 22)).unwrap();
        assert!(first.log_ratio > home.log_ratio);
        assert_eq!((replay.judged(), replay.unjudged()), ((16, 2), (5, 0)));
        let found = replay.finding(1.0);
        assert!((found.attacks_found, found.people_asked) == (1.0, 0.0), "{found:?}");
    }
}

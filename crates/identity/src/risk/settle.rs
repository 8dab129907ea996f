//! The judgement inside the transaction that begins a session: what is read, written and told.
//!
//! Always true: judged by what was there before, then counted; a sign-in never speaks for itself.

use std::collections::HashMap;

use domain::{TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::{Value as Json, json};
use store::{NewNotice, NoticeKind, PlatformTx, Session, StoreError, TimesSeen};

use super::model::{Band, Counts, Feature, Recognised, Score, hour_name, score};
use super::reading::Reading;
use crate::guard::{Cell, kilometres_between};

/// The row that counts all sign-ins.
const SIGN_INS: &str = "all";
/// The row of the last place.
const PLACE: &str = "place";
/// Faster than this nobody travels.
const SPEED_KMH_MAX: f64 = 1_000.0;
/// What two places may be nearer than they seem: cells of five degrees, and addresses that a file
/// puts into the wrong town.
const ERROR_KM: f64 = 800.0;

/// One person's rows, by what they are digests of.
struct Own<'a> {
    reading: &'a Reading,
    rows: HashMap<(String, String), TimesSeen>,
}

/// Everybody's counts of the values that matter now.
struct All {
    times: HashMap<(Feature, String), u64>,
    sign_ins: u64,
}

impl Own<'_> {
    fn row(&self, feature: &str, value: &str) -> Option<&TimesSeen> {
        let digest = self.reading.guard.own(self.reading.user, feature, value);
        self.rows.get(&(feature.to_owned(), digest))
    }
}

impl Counts for Own<'_> {
    fn sign_ins(&self) -> u64 {
        self.row(SIGN_INS, "").map_or(0, |row| row.times)
    }

    fn times(&self, feature: Feature, value: &str) -> u64 {
        self.row(feature.as_str(), value).map_or(0, |row| row.times)
    }
}

impl Counts for All {
    fn sign_ins(&self) -> u64 {
        self.sign_ins
    }

    fn times(&self, feature: Feature, value: &str) -> u64 {
        self.times.get(&(feature, value.to_owned())).copied().unwrap_or(0)
    }
}

/// What was found.
struct Findings {
    score: Score,
    band: Band,
    new_device: bool,
    impossible_travel: bool,
}

impl Reading {
    /// Judges the session that was just begun on a device, counts it, and tells whom it concerns.
    pub(crate) fn settle(
        &self,
        tx: &mut PlatformTx<'_>,
        session: &mut Session,
        device: Recognised,
    ) -> Result<Option<AuditEvent>, StoreError> {
        let mut here = self.clone();
        here.attempt.device = device;
        here.judged(tx, session)
    }

    fn judged(
        &self,
        tx: &mut PlatformTx<'_>,
        session: &mut Session,
    ) -> Result<Option<AuditEvent>, StoreError> {
        let findings = self.found(tx)?;
        self.count(tx)?;
        if findings.band >= Band::Middle || findings.impossible_travel {
            session.factor_at = TimeMs(session.created_at.0 - limits::FACTOR_FRESH_MS - 1);
            tx.sessions().distrust(session.id, session.factor_at)?;
        }
        self.tell(tx, session, &findings)?;
        Ok(findings.event(session))
    }

    fn found(&self, tx: &mut PlatformTx<'_>) -> Result<Findings, StoreError> {
        let rows = tx.sign_in_history().of_user(self.user)?;
        let rows = rows.into_iter().map(|row| ((row.feature.clone(), row.value.clone()), row));
        let own = Own { reading: self, rows: rows.collect() };
        let all = self.everybody(tx)?;
        let score = score(&own, &all, &self.attempt);
        let stranger = self.attempt.device == Recognised::No;
        let unseen = own.times(Feature::Agent, &self.attempt.agent) == 0
            || own.times(Feature::Area, &self.attempt.area) == 0;
        Ok(Findings {
            band: score.band(own.sign_ins()),
            score,
            new_device: stranger && unseen && own.sign_ins() > 0,
            impossible_travel: stranger && self.travelled_too_fast(&own, tx.now()),
        })
    }

    fn everybody(&self, tx: &mut PlatformTx<'_>) -> Result<All, StoreError> {
        let mut times = HashMap::new();
        let hour = self.attempt.hour % 24;
        let hours = [(hour + 1) % 24, (hour + 23) % 24].map(|h| (Feature::Hour, hour_name(h)));
        for (feature, value) in self.attempt.values().chain(hours) {
            let digest = self.guard.all(feature.as_str(), value);
            let seen = tx.sign_in_history().of_all(feature.as_str(), &digest)?;
            times.insert((feature, value.to_owned()), seen);
        }
        let sign_ins = tx.sign_in_history().of_all(SIGN_INS, &self.guard.all(SIGN_INS, ""))?;
        Ok(All { times, sign_ins })
    }

    /// Whether the last place is too far away for the time since. Only where both are known.
    fn travelled_too_fast(&self, own: &Own<'_>, now: TimeMs) -> bool {
        let here = self.place.as_ref().and_then(|place| place.at);
        let last = own.rows.values().filter(|row| row.feature == PLACE).max_by_key(|r| r.last_at);
        let (Some(here), Some(last)) = (here, last) else { return false };
        let there =
            Cell::all().find(|cell| self.guard.own(self.user, PLACE, &cell.name()) == last.value);
        let Some(there) = there else { return false };
        too_fast(kilometres_between(there.middle(), here), now.since_ms(last.last_at))
    }

    fn count(&self, tx: &mut PlatformTx<'_>) -> Result<(), StoreError> {
        let user = self.user;
        let mut values = vec![(SIGN_INS, String::new())];
        values.extend(self.attempt.values().map(|(f, value)| (f.as_str(), value.to_owned())));
        for (feature, value) in &values {
            tx.sign_in_history().add(user, feature, &self.guard.own(user, feature, value))?;
        }
        let cell = self.place.as_ref().and_then(|place| place.at).and_then(Cell::of);
        if let Some(cell) = cell {
            tx.sign_in_history().add(user, PLACE, &self.guard.own(user, PLACE, &cell.name()))?;
        }
        tx.sign_in_history().trim(user, limits::HISTORY_ROWS_PER_USER_MAX)?;
        // In one order for everybody: two sign-ins at once must not wait for each other.
        let mut shared: Vec<_> =
            values.iter().map(|(f, value)| (*f, self.guard.all(f, value))).collect();
        shared.sort_unstable();
        for (feature, digest) in shared {
            tx.sign_in_history().add_to_all(feature, &digest)?;
        }
        Ok(())
    }

    fn tell(
        &self,
        tx: &mut PlatformTx<'_>,
        session: &Session,
        findings: &Findings,
    ) -> Result<(), StoreError> {
        let unusual = findings.band == Band::High || findings.impossible_travel;
        let kinds = [
            unusual.then_some(NoticeKind::UnusualSignIn),
            // One message for one sign-in: the graver one.
            (findings.new_device && !unusual).then_some(NoticeKind::NewDevice),
        ];
        for kind in kinds.into_iter().flatten() {
            let details = json!({ "session": session.id, "why": findings.reasons() });
            let id = tx.mint().id();
            let user = self.user;
            tx.notices().enqueue(&NewNotice { id, user, kind, details, sealed: None })?;
        }
        Ok(())
    }
}

impl Findings {
    /// The entry; `None` when there is nothing to tell.
    fn event(&self, session: &Session) -> Option<AuditEvent> {
        if self.band == Band::Low && !self.new_device && !self.impossible_travel {
            return None;
        }
        let parts: serde_json::Map<String, Json> = self
            .score
            .contributions
            .iter()
            .map(|it| (it.feature.as_str().to_owned(), json!(hundredths(it.log_ratio))))
            .collect();
        let told = json!({
            "user": session.user,
            "band": self.band.as_str(),
            "log_ratio_hundredths": hundredths(self.score.log_ratio),
            "contributions_hundredths": parts,
            "new_device": self.new_device,
            "impossible_travel": self.impossible_travel,
        });
        let event = AuditEvent::new(Verb::SessionUnusual, "session", session.id);
        Some(event.new_value(told))
    }

    /// What spoke against the person, the gravest first.
    fn reasons(&self) -> Vec<&'static str> {
        let mut against: Vec<_> =
            self.score.contributions.iter().filter(|it| it.log_ratio > 0.5).collect();
        against.sort_by(|a, b| b.log_ratio.total_cmp(&a.log_ratio));
        let travel = self.impossible_travel.then_some("travel");
        travel.into_iter().chain(against.into_iter().map(|it| it.feature.as_str())).collect()
    }
}

fn too_fast(kilometres: f64, ms: i64) -> bool {
    // A clock that went back says nothing about speed.
    let Ok(ms) = u32::try_from(ms.min(i64::from(u32::MAX))) else { return false };
    let hours = f64::from(ms) / 3_600_000.0;
    kilometres - ERROR_KM > hours * SPEED_KMH_MAX
}

/// Entries hold whole numbers: one number has one form in every language.
fn hundredths(log_ratio: f64) -> i64 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a logarithm of counts is far within, and a cast of floats saturates"
    )]
    let rounded = (log_ratio * 100.0).round() as i64;
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_flies_round_the_world_in_an_hour_and_a_clock_that_goes_back_says_nothing() {
        const HOUR: i64 = 3_600_000;
        assert!(too_fast(16_000.0, HOUR));
        assert!(!too_fast(16_000.0, 20 * HOUR));
        assert!(!too_fast(700.0, 0), "within the error of the file");
        assert!(too_fast(900.0, 0));
        assert!(!too_fast(16_000.0, -HOUR));
        assert!(!too_fast(20_000.0, i64::MAX));
    }

    #[test]
    fn entries_hold_whole_numbers() {
        assert_eq!((hundredths(1.234), hundredths(-0.007)), (123, -1));
    }
}

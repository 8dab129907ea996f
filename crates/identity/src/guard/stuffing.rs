//! The rules about many accounts: one network that tries many pairs, and many networks that
//! together try many accounts.
//!
//! Always true
//! 1. Only refusals count: a big office behind one address signs in as often as it likes.
//! 2. The first rule counts distinct pairs of address and password within three hours; who types
//!    one wrong password forty times is one pair.
//! 3. The second compares accounts and the share of refusals with the instance's own last week,
//!    less the hours in which an attack was seen.
//! 4. A level rises with misbehaviour up to a bound and ends by itself.
//!
//! Honest limit: whoever attacks slowly for a week becomes part of what is usual, up to
//! [`limits::STUFFING_ACCOUNTS_MIN`] accounts in three hours that are never judged anyway.
//!
//! Source: the rule of fifteen pairs in three hours is that of Rauthy 0.35.

use domain::{TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Hours, PlatformTx, StoreError};

use super::Gate;

/// The subject of the level that holds for every network.
const EVERYWHERE: &str = "everywhere";
const HOUR_MS: i64 = 3_600 * 1_000;
/// The highest level: each is one bit of work more.
const LEVEL_MAX: u32 = limits::WORK_BITS_MAX - limits::WORK_BITS_MIN + 1;
/// So many times the usual number of accounts is an attack; again so many is the next level.
const TIMES_USUAL: u64 = 4;
/// Least share of refusals, in percent, that an attack shows.
const REFUSED_PERCENT_MIN: u64 = 50;

/// The level for this sign-in: the network's or everybody's, whichever is higher.
pub(super) fn level(gate: &Gate, tx: &mut PlatformTx<'_>) -> Result<u32, StoreError> {
    let here = tx.sign_in_guard().level(&gate.network)?;
    Ok(here.max(tx.sign_in_guard().level(EVERYWHERE)?).min(LEVEL_MAX))
}

impl Gate {
    /// Somebody signed in.
    pub(crate) fn succeeded(&self, tx: &mut PlatformTx<'_>) -> Result<(), StoreError> {
        let hour = hour_of(tx.now());
        tx.sign_in_guard().count(hour, Hours { signed_in: 1, ..Hours::default() })
    }

    /// A sign-in was refused: counts it, and raises levels when a rule says so.
    pub(crate) fn refused(&self, tx: &mut PlatformTx<'_>) -> Result<Vec<AuditEvent>, StoreError> {
        let mut events = self.judge_network(tx)?;
        let hour = hour_of(tx.now());
        let so_far = tx.sign_in_guard().sum(hour, hour.plus_ms(1))?.accounts;
        let subject = format!("accounts {}", hour.0);
        let fresh = so_far < limits::STUFFING_ACCOUNTS_PER_HOUR_MAX
            && tx.sign_in_guard().mark(&subject, &self.account)?;
        let more = Hours { refused: 1, accounts: u64::from(fresh), ..Hours::default() };
        tx.sign_in_guard().count(hour, more)?;
        events.extend(judge_all(tx)?);
        Ok(events)
    }

    fn judge_network(&self, tx: &mut PlatformTx<'_>) -> Result<Vec<AuditEvent>, StoreError> {
        let after = tx.now().plus_ms(-limits::STUFFING_WINDOW_MS);
        let most = u64::from(limits::STUFFING_PAIRS << (LEVEL_MAX - 1));
        if tx.sign_in_guard().marks(&self.network, after)? < most {
            tx.sign_in_guard().mark(&self.network, &self.pair)?;
        }
        let pairs = tx.sign_in_guard().marks(&self.network, after)?;
        let level = level_of(pairs, u64::from(limits::STUFFING_PAIRS), 2);
        let before = tx.sign_in_guard().level(&self.network)?;
        if level == 0 {
            return Ok(Vec::new());
        }
        let until = tx.now().plus_ms(limits::NETWORK_CHALLENGE_MS);
        tx.sign_in_guard().raise(&self.network, level.max(before), until)?;
        if level <= before {
            return Ok(Vec::new());
        }
        let seen = json!({ "pairs": pairs, "level": level, "until_ms": until });
        let mut events = vec![
            AuditEvent::new(Verb::NetworkChallenged, "network", &self.network)
                .new_value(seen.clone()),
        ];
        if before == 0 {
            let event = AuditEvent::new(Verb::StuffingDetected, "network", &self.network);
            events.insert(0, event.new_value(seen));
        }
        Ok(events)
    }
}

/// Compares the last hours with the week before them.
fn judge_all(tx: &mut PlatformTx<'_>) -> Result<Option<AuditEvent>, StoreError> {
    let now = tx.now();
    let from = hour_of(now.plus_ms(-limits::STUFFING_WINDOW_MS)).plus_ms(HOUR_MS);
    let window = tx.sign_in_guard().sum(from, hour_of(now).plus_ms(1))?;
    if window.accounts < limits::STUFFING_ACCOUNTS_MIN {
        return Ok(None);
    }
    let week = tx.sign_in_guard().sum_quiet(from.plus_ms(-limits::STUFFING_BASELINE_MS), from)?;
    let level = attack_level(window, week);
    let before = tx.sign_in_guard().level(EVERYWHERE)?;
    if level == 0 {
        return Ok(None);
    }
    let until = now.plus_ms(limits::EVERYWHERE_CHALLENGE_MS);
    tx.sign_in_guard().raise(EVERYWHERE, level.max(before), until)?;
    tx.sign_in_guard().raised(from)?;
    if level <= before {
        return Ok(None);
    }
    let seen = json!({
        "accounts": window.accounts, "refused": window.refused, "signed_in": window.signed_in,
        "usual_accounts": usual(week.accounts), "level": level, "until_ms": until,
    });
    let event = AuditEvent::new(Verb::StuffingDetected, "network", EVERYWHERE);
    Ok(Some(event.new_value(seen)))
}

/// How much of an attack these hours are, beside the week before them.
fn attack_level(window: Hours, week: Hours) -> u32 {
    let percent = |hours: Hours| match hours.refused + hours.signed_in {
        0 => 0,
        all => hours.refused.saturating_mul(100) / all,
    };
    // Between "twice what is usual" and "nearly all": who is always refused is judged by number.
    let wanted = percent(week).saturating_mul(2).clamp(REFUSED_PERCENT_MIN, 90);
    if percent(window) < wanted {
        return 0;
    }
    let many = usual(week.accounts).saturating_mul(TIMES_USUAL);
    level_of(window.accounts, many.max(limits::STUFFING_ACCOUNTS_MIN), TIMES_USUAL)
}

/// What three hours have, when the week had so many.
const fn usual(in_week: u64) -> u64 {
    let windows = limits::STUFFING_BASELINE_MS / limits::STUFFING_WINDOW_MS;
    in_week.div_ceil(windows.unsigned_abs())
}

/// 0 below `first`; then one more each time the count has grown by `times`.
fn level_of(count: u64, first: u64, times: u64) -> u32 {
    let (mut level, mut bound) = (0, first);
    while level < LEVEL_MAX && count >= bound {
        level += 1;
        bound = bound.saturating_mul(times);
    }
    level
}

const fn hour_of(at: TimeMs) -> TimeMs {
    TimeMs(at.0.div_euclid(HOUR_MS) * HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_by_doubling_and_are_bounded() {
        let levels = [0, 14, 15, 29, 30, 60, 120, 239, 240, u64::MAX].map(|n| level_of(n, 15, 2));
        assert_eq!(levels, [0, 0, 1, 1, 2, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn an_attack_is_many_accounts_and_many_refusals_beside_what_is_usual() {
        let hours = |signed_in, refused, accounts| Hours { signed_in, refused, accounts };
        let quiet = hours(5_600, 560, 280);
        assert_eq!(attack_level(hours(100, 10, 5), quiet), 0, "a usual evening");
        assert_eq!(attack_level(hours(500, 100, 90), quiet), 0, "a busy Monday: most get in");
        assert_eq!(attack_level(hours(100, 200, 24), quiet), 0, "few accounts");
        assert_eq!(attack_level(hours(100, 200, 100), quiet), 2);
        assert_eq!(attack_level(hours(0, 200, 25), Hours::default()), 1, "a new instance");
        let loud = hours(5_600, 5_600, 5_600);
        assert_eq!(attack_level(hours(100, 1_000, 300), loud), 0, "usual for this instance");
        assert_eq!(attack_level(hours(100, 1_000, 400), loud), 1);
    }
}

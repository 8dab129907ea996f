//! Checks of the database and of the logs in it.

use domain::{TimeMs, limits};
use ledger::{EntryView, Stream, Verb};
use notary::KeptDays;
use store::{EntryFilter, Finding as Guard, LoggedEntry, Page, Store, StoreError};

use super::finding::{Check, Finding};
use crate::failure::{Teaches, chain};

/// A sequencer that is this late needs looking at: some forty of its rounds.
const SEQUENCER_LAG_MS_MAX: i64 = 10_000;
const _: () = assert!(SEQUENCER_LAG_MS_MAX > 4 * limits::SEQUENCE_POLL_MS.cast_signed());
const _: () = assert!(SEQUENCER_LAG_MS_MAX < limits::MERGE_DELAY_MS_MAX);
/// No correct clock shows less: this program did not exist before (2026-01-01).
const EARLIEST: TimeMs = TimeMs(1_767_225_600_000);
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// A sweep that is this late needs looking at: it comes several times a day.
const RETENTION_LATE_DAYS_MAX: i64 = 2;
const _: () = assert!(limits::RETENTION_EVERY_MS.cast_signed() < DAY_MS);
/// Most guards that are named.
const GUARDS_NAMED_MAX: usize = 5;

/// What the logs of all units say together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Logs {
    /// When the newest entry was written.
    pub(crate) newest: Option<TimeMs>,
    /// When the oldest entry without an index was written.
    pub(crate) oldest_pending: Option<TimeMs>,
    /// When the oldest entry that is kept of a security log without a hold was written. Entries
    /// about boundaries alone are not dropped, and not looked at.
    pub(crate) oldest_kept: Option<TimeMs>,
    /// Holds that stand, over all logs.
    pub(crate) holds: u64,
}

impl Logs {
    /// Looks at every unit.
    pub(crate) async fn of(store: &Store) -> Result<Self, StoreError> {
        let mut logs = Self::default();
        for unit in store.units().await? {
            let seen = store.unit_read(unit, look).await?;
            logs.newest = logs.newest.max(seen.newest);
            logs.oldest_pending = earlier(logs.oldest_pending, seen.oldest_pending);
            logs.oldest_kept = earlier(logs.oldest_kept, seen.oldest_kept);
            logs.holds += seen.holds;
        }
        Ok(logs)
    }
}

fn look(tx: &mut store::AuditTx<'_>) -> Result<Logs, StoreError> {
    let newest = tx.audit().list(&EntryFilter::default(), Page::first(1))?;
    let holds = tx.retention().holds_standing()?;
    Ok(Logs {
        newest: newest.items.first().map(|entry| entry.at),
        oldest_pending: tx.tree().oldest_pending()?,
        oldest_kept: if holds == 0 { oldest_kept(tx)? } else { None },
        holds,
    })
}

/// The first entry of the security log that is not about a boundary, among its first few.
fn oldest_kept(tx: &mut store::AuditTx<'_>) -> Result<Option<TimeMs>, StoreError> {
    const LOOKED_AT: u32 = 128;
    let first = tx.retention().boundary()?.map_or(0, |(boundary, _)| boundary.first_index());
    let entries = tx.audit().range(Stream::Security, first, LOOKED_AT)?;
    let about_boundaries = |entry: &LoggedEntry| {
        EntryView::read(&entry.body).is_ok_and(|view| view.verb == Verb::SecurityLogPruned.as_str())
    };
    Ok(entries.iter().find(|entry| !about_boundaries(entry)).map(|entry| entry.at))
}

fn earlier(one: Option<TimeMs>, other: Option<TimeMs>) -> Option<TimeMs> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Whether the walls in the database stand.
pub(crate) fn guards(found: &Result<Vec<Guard>, StoreError>) -> Finding {
    match found {
        Ok(weak) if weak.is_empty() => {
            Finding::ok(Check::DatabaseGuards, "every wall of the database stands")
        }
        Ok(weak) => {
            let named: Vec<String> = weak
                .iter()
                .take(GUARDS_NAMED_MAX)
                .map(|guard| format!("{} ({})", guard.guard, guard.place))
                .collect();
            Finding::fail(
                Check::DatabaseGuards,
                format!("{} weaker than they must be: {}", weak.len(), named.join(", ")),
                "casemate migrate puts them back; find out who took them away",
            )
        }
        Err(error) => silent(Check::DatabaseGuards, *error),
    }
}

/// Whether the clock can be right.
pub(crate) fn clock(logs: Result<Logs, StoreError>, now: TimeMs) -> Finding {
    let mend = "set the clock (timedatectl set-ntp true); entries and tokens depend on it";
    if now < EARLIEST {
        return Finding::fail(Check::Clock, "it shows a time before this program existed", mend);
    }
    match logs {
        Ok(Logs { newest: Some(newest), .. })
            if newest.since_ms(now) > limits::CLOCK_SKEW_MS_MAX =>
        {
            let behind = newest.since_ms(now) / 1_000;
            Finding::fail(Check::Clock, format!("it is {behind} s behind the newest entry"), mend)
        }
        Ok(_) => Finding::ok(Check::Clock, "not behind the newest entry"),
        Err(error) => silent(Check::Clock, error),
    }
}

/// Whether entries get their index soon.
pub(crate) fn sequencer_lag(logs: Result<Logs, StoreError>, now: TimeMs) -> Finding {
    let waits = match logs {
        Ok(logs) => logs.oldest_pending.map_or(0, |oldest| now.since_ms(oldest)),
        Err(error) => return silent(Check::SequencerLag, error),
    };
    let seen = format!("the oldest entry without an index waits for {} s", waits.max(0) / 1_000);
    match waits {
        waits if waits > SEQUENCER_LAG_MS_MAX => Finding::fail(
            Check::SequencerLag,
            seen,
            "see that a `serve` with the worker role runs, and what it logs",
        ),
        0 => Finding::ok(Check::SequencerLag, "no entry waits"),
        _ => Finding::ok(Check::SequencerLag, seen),
    }
}

/// Whether what is past its time is gone, wherever no hold stands.
pub(crate) fn retention(logs: Result<Logs, StoreError>, now: TimeMs, kept: KeptDays) -> Finding {
    let Logs { oldest_kept, holds, .. } = match logs {
        Ok(logs) => logs,
        Err(error) => return silent(Check::Retention, error),
    };
    let age_days = oldest_kept.map_or(0, |oldest| now.since_ms(oldest) / DAY_MS);
    let stand = if holds == 0 { "no hold stands".into() } else { format!("{holds} holds stand") };
    let seen = format!("the oldest entry of a security log is {age_days} days old; {stand}");
    if age_days > i64::from(kept.days()) + RETENTION_LATE_DAYS_MAX {
        let mend = "see that a `serve` with the worker role runs, and what it logs";
        return Finding::warn(Check::Retention, seen, mend);
    }
    Finding::ok(Check::Retention, seen)
}

/// Whether every entry got its index within the time that its receipt promised.
pub(crate) fn merge_delay(logs: Result<Logs, StoreError>, now: TimeMs) -> Finding {
    match logs {
        Ok(Logs { oldest_pending: Some(oldest), .. })
            if now.since_ms(oldest) > limits::MERGE_DELAY_MS_MAX =>
        {
            let minutes = now.since_ms(oldest) / 60_000;
            Finding::fail(
                Check::MergeDelay,
                format!("an entry has waited {minutes} minutes; its receipt promised 60"),
                "start a `serve` with the worker role; tell the workspace, whose receipt proves it",
            )
        }
        Ok(_) => Finding::ok(Check::MergeDelay, "every receipt so far is honoured in time"),
        Err(error) => silent(Check::MergeDelay, error),
    }
}

fn silent(check: Check, error: StoreError) -> Finding {
    Finding::fail(check, chain(&error), error.mend())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    const NOW: TimeMs = TimeMs(EARLIEST.0 + 10_000_000_000);

    fn pending_for(ms: i64) -> Result<Logs, StoreError> {
        let oldest_pending = Some(NOW.plus_ms(-ms));
        Ok(Logs { newest: Some(NOW), oldest_pending, ..Logs::default() })
    }

    #[test]
    fn a_silent_database_makes_every_check_of_it_red() {
        let gone = Err(StoreError::Unreachable);
        let findings = [
            guards(&Err(StoreError::Unreachable)),
            clock(gone, NOW),
            sequencer_lag(gone, NOW),
            merge_delay(gone, NOW),
            retention(gone, NOW, KeptDays::PROMISED),
        ];
        assert!(findings.iter().all(|f| f.verdict == Verdict::Fail && !f.mend.is_empty()));
    }

    #[test]
    fn guards_are_red_when_one_is_weak_and_name_it() {
        assert_eq!(guards(&Ok(Vec::new())).verdict, Verdict::Ok);
        let weak = Guard { guard: "row_security.not_forced", place: "secrets".into() };
        let finding = guards(&Ok(vec![weak]));
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!(finding.seen.contains("row_security.not_forced (secrets)"));
    }

    #[test]
    fn the_clock_is_red_before_this_program_existed_and_behind_the_newest_entry() {
        let at =
            |newest: i64| clock(Ok(Logs { newest: Some(TimeMs(newest)), ..Logs::default() }), NOW);
        assert_eq!(at(NOW.0).verdict, Verdict::Ok);
        assert_eq!(at(NOW.0 + limits::CLOCK_SKEW_MS_MAX).verdict, Verdict::Ok);
        assert_eq!(at(NOW.0 + limits::CLOCK_SKEW_MS_MAX + 1).verdict, Verdict::Fail);
        assert_eq!(clock(Ok(Logs::default()), TimeMs(0)).verdict, Verdict::Fail);
    }

    #[test]
    fn the_sequencer_is_red_when_an_entry_waits_too_long() {
        assert_eq!(sequencer_lag(Ok(Logs::default()), NOW).verdict, Verdict::Ok);
        assert_eq!(sequencer_lag(pending_for(SEQUENCER_LAG_MS_MAX), NOW).verdict, Verdict::Ok);
        assert_eq!(
            sequencer_lag(pending_for(SEQUENCER_LAG_MS_MAX + 1), NOW).verdict,
            Verdict::Fail
        );
    }

    #[test]
    fn the_merge_delay_is_red_one_millisecond_after_what_receipts_promise() {
        let at = |ms| merge_delay(pending_for(ms), NOW).verdict;
        assert_eq!(at(limits::MERGE_DELAY_MS_MAX), Verdict::Ok);
        assert_eq!(at(limits::MERGE_DELAY_MS_MAX + 1), Verdict::Fail);
    }

    #[test]
    fn retention_warns_when_what_is_past_its_time_is_still_there_and_tells_of_holds() {
        let aged = |days: i64, holds| {
            let oldest_kept = Some(NOW.plus_ms(-days * DAY_MS));
            retention(Ok(Logs { oldest_kept, holds, ..Logs::default() }), NOW, KeptDays::PROMISED)
        };
        assert_eq!(aged(92, 0).verdict, Verdict::Ok);
        assert_eq!(aged(93, 0).verdict, Verdict::Warn);
        assert!(aged(1, 2).seen.contains("2 holds stand"));
    }

    #[test]
    fn the_oldest_waiting_entry_of_all_units_counts() {
        let (one, two) = (Some(TimeMs(1)), Some(TimeMs(2)));
        assert_eq!(earlier(two, one), one);
        assert_eq!(earlier(None, two), two);
        assert_eq!(earlier(None, None), None);
    }
}

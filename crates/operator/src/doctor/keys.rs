//! Checks of the broker and what it holds.

use broker::{SlotKind, SlotOutcome, SlotReport, Status};
use domain::{InstanceId, limits};

use super::finding::{Check, Finding};
use crate::slots;

/// Openings that may wait before somebody should look: far above a busy second, far below the
/// refusal.
const JOURNAL_LAG_WARN: u64 = limits::JOURNAL_LAG_ENTRIES_MAX / 10;

/// What the mending of a silent broker is.
const START_IT: &str = "start the platform with `casemate up` and ask again while it runs";

/// Whether the broker answers.
pub(crate) fn broker(status: Option<&Status>) -> Finding {
    match status {
        Some(status) => {
            Finding::ok(Check::Broker, format!("answers with root key {}", status.root_key))
        }
        None => Finding::fail(Check::Broker, "does not answer", START_IT),
    }
}

/// Whether keys and data belong together. `data` is the instance that the database names.
pub(crate) fn key_ids(status: Option<&Status>, data: Option<InstanceId>) -> Finding {
    match (status, data) {
        (Some(status), Some(data)) if status.instance == data => {
            Finding::ok(Check::KeyIds, format!("root key {} of instance {data}", status.root_key))
        }
        (Some(status), Some(data)) => Finding::fail(
            Check::KeyIds,
            format!("the keys are of instance {}, the data of {data}", status.instance),
            "bring the key store and slots that belong to this data (docs/runbooks/wrong-key.md)",
        ),
        (None, _) => Finding::fail(Check::KeyIds, "the broker does not answer", START_IT),
        (_, None) => Finding::fail(Check::KeyIds, "the database does not answer", START_IT),
    }
}

/// Whether each slot really unwraps the root key; the recovery slot has a check of its own.
pub(crate) fn slots(reports: Option<&[SlotReport]>) -> Finding {
    let Some(reports) = reports else {
        return Finding::fail(Check::Slots, "the broker does not answer", START_IT);
    };
    let broken: Vec<String> = reports.iter().filter_map(broken_slot).collect();
    if !broken.is_empty() {
        return Finding::fail(
            Check::Slots,
            broken.join("; "),
            "put the slot's file or key back from where you keep it (docs/runbooks/wrong-key.md)",
        );
    }
    if reports.len() < 2 {
        return Finding::fail(
            Check::Slots,
            format!("{} slot; losing it loses everything", reports.len()),
            "put the second slot file back into the slots folder, or casemate slots add",
        );
    }
    tried_slots(reports)
}

/// None is broken: which opened, and which could not be tried and why.
fn tried_slots(reports: &[SlotReport]) -> Finding {
    let untried: Vec<String> = reports.iter().filter_map(untried_slot).collect();
    let seen = if untried.is_empty() {
        format!("{} slots, all of them open", reports.len())
    } else {
        let opened = reports.len() - untried.len();
        format!("{} slots, {opened} open; {}", reports.len(), untried.join("; "))
    };
    let opens = |report: &SlotReport| report.outcome == SlotOutcome::Opens;
    if !reports.iter().any(opens) {
        let mend = "name what opens one in the [broker] settings, or be there at every start";
        return Finding::warn(Check::Slots, format!("{seen}; none opens without a person"), mend);
    }
    let out_of_reach = |report: &SlotReport| matches!(report.outcome, SlotOutcome::Elsewhere(_));
    if reports.iter().any(out_of_reach) {
        let mend = "name what reaches it in the [broker] settings, or casemate slots remove it";
        return Finding::warn(Check::Slots, seen, mend);
    }
    Finding::ok(Check::Slots, seen)
}

fn broken_slot(report: &SlotReport) -> Option<String> {
    slots::is_broken(report.outcome).then(|| {
        let outcome = match report.outcome {
            SlotOutcome::KeyMissing => "its key is not where it should be".to_owned(),
            SlotOutcome::Unreadable => "its slot file is missing or damaged".to_owned(),
            SlotOutcome::Fails => "it does not open this root key".to_owned(),
            other => slots::outcome_text(other),
        };
        format!("{}: {outcome}", named(report))
    })
}

fn untried_slot(report: &SlotReport) -> Option<String> {
    match report.outcome {
        SlotOutcome::NotTried => {
            Some(format!("{} not tried: what opens it is not here", named(report)))
        }
        SlotOutcome::Elsewhere(fault) => Some(format!("{} not tried: {fault}", named(report))),
        _ => None,
    }
}

/// What people call a slot, with its name.
fn named(report: &SlotReport) -> String {
    format!("{} ({})", report.kind.words(), report.id)
}

/// Whether a person proved to have the recovery code, where there is one.
pub(crate) fn recovery(status: Option<&Status>, reports: Option<&[SlotReport]>) -> Finding {
    let Some(status) = status else {
        return Finding::fail(Check::Recovery, "the broker does not answer", START_IT);
    };
    if status.recovery_confirmed {
        return Finding::ok(Check::Recovery, "the recovery code was typed back");
    }
    let reports = reports.unwrap_or_default();
    let has = |kind| reports.iter().any(|report| report.kind == kind);
    let instead = reports.iter().find(|report| report.kind.recovers());
    match instead.filter(|_| !has(SlotKind::Recovery)) {
        Some(report) => Finding::warn(
            Check::Recovery,
            format!("there is no recovery code; {} is in its place", named(report)),
            format!(
                "try it from time to time: casemate slots test {} --secret-file FILE",
                report.id
            ),
        ),
        None => Finding::fail(
            Check::Recovery,
            "nobody has typed the recovery code back, so nobody knows that it can be",
            "casemate slots confirm",
        ),
    }
}

/// Whether openings reach the tenants' logs.
pub(crate) fn journal_lag(status: Option<&Status>) -> Finding {
    let Some(status) = status else {
        return Finding::fail(Check::JournalLag, "the broker does not answer", START_IT);
    };
    let seen = format!("{} openings wait to be copied", status.journal_lag);
    let mend = "see that a `serve` with the worker role runs, and what it logs";
    match status.journal_lag {
        lag if lag >= limits::JOURNAL_LAG_ENTRIES_MAX => {
            Finding::fail(Check::JournalLag, format!("{seen}; nothing is opened until then"), mend)
        }
        lag if lag >= JOURNAL_LAG_WARN => Finding::warn(Check::JournalLag, seen, mend),
        _ => Finding::ok(Check::JournalLag, seen),
    }
}

#[cfg(test)]
mod tests {
    use broker::ElsewhereFault;
    use domain::TimeMs;

    use super::super::finding::Verdict;
    use super::*;

    fn instance(number: u128) -> InstanceId {
        format!("{number:08x}-0000-7000-8000-000000000000").parse().unwrap()
    }

    fn status() -> Status {
        Status {
            instance: instance(1),
            root_key: "rk".into(),
            token_key: "tk".into(),
            recovery_confirmed: true,
            journal_seq: 0,
            journal_lag: 0,
        }
    }

    #[test]
    fn a_silent_broker_makes_every_check_about_it_red() {
        let findings = [
            broker(None),
            key_ids(None, Some(instance(1))),
            slots(None),
            recovery(None, None),
            journal_lag(None),
        ];
        for finding in findings {
            assert_eq!(finding.verdict, Verdict::Fail, "{finding:?}");
            assert!(finding.mend.contains("casemate up"));
        }
    }

    #[test]
    fn key_ids_are_red_for_the_data_of_another_instance() {
        assert_eq!(key_ids(Some(&status()), Some(instance(1))).verdict, Verdict::Ok);
        let finding = key_ids(Some(&status()), Some(instance(2)));
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!(finding.seen.contains(&instance(1).to_string()), "{}", finding.seen);
        assert_eq!(key_ids(Some(&status()), None).verdict, Verdict::Fail);
    }

    #[test]
    fn recovery_is_red_until_the_code_was_typed_back() {
        let waiting = Status { recovery_confirmed: false, ..status() };
        let finding = recovery(Some(&waiting), None);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.mend, "casemate slots confirm");
        assert_eq!(recovery(Some(&status()), None).verdict, Verdict::Ok);
    }

    fn report(id: &str, kind: SlotKind, outcome: SlotOutcome) -> SlotReport {
        SlotReport { id: id.into(), kind, outcome }
    }

    #[test]
    fn slots_are_red_for_each_way_one_can_be_broken_and_for_a_lonely_one() {
        let key = |outcome| report("key-file", SlotKind::KeyFile, outcome);
        let recovery =
            || report("recovery", SlotKind::Recovery, SlotOutcome::ConfirmedAt(TimeMs(1)));
        assert_eq!(slots(Some(&[key(SlotOutcome::Opens), recovery()])).verdict, Verdict::Ok);
        let broken = [
            SlotOutcome::KeyMissing,
            SlotOutcome::Unreadable,
            SlotOutcome::Fails,
            SlotOutcome::Incomplete,
            SlotOutcome::Elsewhere(ElsewhereFault::Forbidden),
            SlotOutcome::Elsewhere(ElsewhereFault::Unreachable),
        ];
        for outcome in broken {
            let finding = slots(Some(&[key(outcome), recovery()]));
            assert_eq!(finding.verdict, Verdict::Fail, "{outcome:?}");
            assert!(finding.seen.contains("key file"));
        }
        assert_eq!(slots(Some(&[recovery()])).verdict, Verdict::Fail);
    }

    #[test]
    fn slots_that_cannot_be_tried_are_named_with_the_reason() {
        let key = report("key-file", SlotKind::KeyFile, SlotOutcome::Opens);
        let shares = report("shamir-2", SlotKind::Shamir, SlotOutcome::NotTried);
        let finding = slots(Some(&[key.clone(), shares.clone()]));
        assert_eq!(finding.verdict, Verdict::Ok, "people hold the shares, as they should");
        assert!(finding.seen.contains("shamir-2") && finding.seen.contains("not tried"));
        let fault = ElsewhereFault::NotConfigured;
        let kms = report("kms", SlotKind::Kms, SlotOutcome::Elsewhere(fault));
        let finding = slots(Some(&[key, kms]));
        assert_eq!(finding.verdict, Verdict::Warn);
        assert!(finding.seen.contains(&fault.to_string()), "{}", finding.seen);
        let finding = slots(Some(&[shares.clone(), shares]));
        assert_eq!(finding.verdict, Verdict::Warn, "nothing opens it without a person");
    }

    #[test]
    fn shares_may_stand_in_the_place_of_the_recovery_code() {
        let waiting = Status { recovery_confirmed: false, ..status() };
        let shares = report("shamir", SlotKind::Shamir, SlotOutcome::NotTried);
        let code = report("recovery", SlotKind::Recovery, SlotOutcome::NeverConfirmed);
        let instead = recovery(Some(&waiting), Some(std::slice::from_ref(&shares)));
        assert_eq!(instead.verdict, Verdict::Warn);
        let both = recovery(Some(&waiting), Some(&[shares, code]));
        assert_eq!(both.verdict, Verdict::Fail);
    }

    #[test]
    fn journal_lag_is_red_at_the_bound_where_openings_stop() {
        let at = |journal_lag| journal_lag_of(journal_lag).verdict;
        assert_eq!(at(0), Verdict::Ok);
        assert_eq!(at(JOURNAL_LAG_WARN), Verdict::Warn);
        assert_eq!(at(limits::JOURNAL_LAG_ENTRIES_MAX), Verdict::Fail);
    }

    fn journal_lag_of(journal_lag: u64) -> Finding {
        super::journal_lag(Some(&Status { journal_lag, ..status() }))
    }
}

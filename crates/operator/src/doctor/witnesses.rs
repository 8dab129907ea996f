//! Whether witnesses stand behind the log of checkpoints.

use domain::TimeMs;
use ledger::CosignerKey;
use store::{Store, StoreError, WitnessState};

use super::finding::{Check, Finding};
use crate::failure::{Teaches, chain};

/// A quorum that is missing for longer needs somebody's help.
const MISSING_MS_MAX: i64 = 3_600 * 1_000;
/// A head this young may still be on its way to the witnesses.
const YOUNG_MS: i64 = 60 * 1_000;

/// What the database knows of the configured witnesses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Witnesses {
    /// Size of the newest head, and when it was signed.
    pub(crate) head: Option<(u64, TimeMs)>,
    /// For each, whether it cosigned that head, and what it said last.
    pub(crate) each: Vec<(String, bool, Option<WitnessState>)>,
    /// How many are enough.
    pub(crate) quorum: usize,
}

impl Witnesses {
    /// Looks at the log of checkpoints.
    pub(crate) async fn of(
        store: &Store,
        keys: Vec<CosignerKey>,
        quorum: usize,
    ) -> Result<Self, StoreError> {
        store
            .platform_read(move |tx| {
                let mut log = tx.checkpoint_log();
                let head = log.head()?;
                let states = log.witnesses()?;
                let mut each = Vec::with_capacity(keys.len());
                for key in &keys {
                    let text = key.to_string();
                    let up_to = log.cosigned_up_to(&text)?;
                    let cosigned = head.as_ref().is_some_and(|head| up_to >= Some(head.size));
                    let state = states.iter().find(|state| state.witness == text).cloned();
                    each.push((key.name().to_owned(), cosigned, state));
                }
                Ok(Self { head: head.map(|head| (head.size, head.at)), each, quorum })
            })
            .await
    }
}

/// Whether a quorum cosigned the newest head.
pub(crate) fn witnesses(seen: &Result<Witnesses, StoreError>, now: TimeMs) -> Finding {
    let Witnesses { head, each, quorum } = match seen {
        Ok(seen) => seen,
        Err(error) => return Finding::fail(Check::Witnesses, chain(error), error.mend()),
    };
    if each.is_empty() {
        return Finding::warn(
            Check::Witnesses,
            "nobody cosigns the log of checkpoints: the operator's word stands alone",
            "agree with another operator to be each other's witness (docs/witness.md)",
        );
    }
    let Some((size, at)) = head else {
        return Finding::ok(Check::Witnesses, "nothing was published yet");
    };
    let (cosigned, of) = (each.iter().filter(|(_, cosigned, _)| *cosigned).count(), each.len());
    let stand = format!(
        "{cosigned} of {of} witnesses cosigned the log of checkpoints at size {size}, \
         {quorum} are wanted"
    );
    let since = |state: &Option<WitnessState>| state.as_ref().and_then(|one| one.failing_since);
    let absent = || each.iter().filter(|(_, cosigned, _)| !cosigned);
    let said: Vec<String> = absent()
        .filter_map(|(name, _, state)| {
            state
                .as_ref()
                .filter(|state| state.failing_since.is_some())
                .map(|state| format!("{name}: {}", state.outcome))
        })
        .collect();
    let detail =
        if said.is_empty() { stand.clone() } else { format!("{stand}; {}", said.join("; ")) };
    if cosigned >= *quorum {
        return Finding::ok(Check::Witnesses, detail);
    }
    let missing_ms = absent().filter_map(|(.., state)| since(state)).map(|at| now.since_ms(at));
    let missing_ms = missing_ms.max().unwrap_or_else(|| now.since_ms(*at));
    match missing_ms {
        missing if missing > MISSING_MS_MAX => Finding::fail(
            Check::Witnesses,
            detail,
            "see that the witnesses run and watch this log; what they say is above",
        ),
        missing if missing > YOUNG_MS => Finding::warn(
            Check::Witnesses,
            detail,
            "wait: they are asked again; this turns red after an hour",
        ),
        _ => Finding::ok(Check::Witnesses, detail),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    const NOW: TimeMs = TimeMs(1_790_000_000_000);

    fn state(failing_for_ms: Option<i64>) -> Option<WitnessState> {
        Some(WitnessState {
            witness: "w+0+K".into(),
            size: 3,
            outcome: "it cannot be reached".into(),
            at: NOW,
            failing_since: failing_for_ms.map(|ms| NOW.plus_ms(-ms)),
        })
    }

    fn judged(each: &[(bool, Option<i64>)], quorum: usize) -> Finding {
        let each = each
            .iter()
            .map(|(cosigned, failing)| ("w.example".to_owned(), *cosigned, state(*failing)))
            .collect();
        let head = Some((9, NOW.plus_ms(-10)));
        witnesses(&Ok(Witnesses { head, each, quorum }), NOW)
    }

    #[test]
    fn nobody_to_ask_is_a_warning_and_a_silent_database_is_red() {
        assert_eq!(witnesses(&Ok(Witnesses::default()), NOW).verdict, Verdict::Warn);
        assert_eq!(witnesses(&Err(StoreError::Unreachable), NOW).verdict, Verdict::Fail);
    }

    #[test]
    fn a_quorum_is_green_whatever_the_others_do_and_names_what_they_say() {
        let finding = judged(&[(true, None), (true, None), (false, Some(9_999_999))], 2);
        assert_eq!(finding.verdict, Verdict::Ok);
        assert!(finding.seen.starts_with("2 of 3 witnesses"), "{}", finding.seen);
        assert!(finding.seen.contains("w.example: it cannot be reached"), "{}", finding.seen);
    }

    #[test]
    fn a_missing_quorum_turns_from_green_to_yellow_to_red() {
        for (failing, verdict) in [
            (None, Verdict::Ok),
            (Some(YOUNG_MS), Verdict::Ok),
            (Some(YOUNG_MS + 1), Verdict::Warn),
            (Some(MISSING_MS_MAX), Verdict::Warn),
            (Some(MISSING_MS_MAX + 1), Verdict::Fail),
        ] {
            assert_eq!(
                judged(&[(true, None), (false, failing)], 2).verdict,
                verdict,
                "{failing:?}"
            );
        }
    }
}

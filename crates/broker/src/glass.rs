//! Broken glass: what two of the staff agreed on, and whether it still stands.
//!
//! Always true
//! 1. An approval names two people, two sessions and two passkeys, one workspace, its records with
//!    their versions, a reason and an end at most [`limits::GLASS_MS_MAX`] away.
//! 2. It stands in this process's memory alone, put there after its entry in the journal is
//!    durable. No row of a database makes one, no older copy brings one back, and a broker that
//!    starts anew knows none.
//! 3. One that ended is remembered until its time is over, so that repeating it does not revive it.

use std::collections::HashMap;

use domain::{GlassHand, GlassId, TenantId, TimeMs, limits};
use serde::{Deserialize, Serialize};

use crate::error::{BrokerError, Refusal};
use crate::record::{DataScope, RecordKind, RecordName};

/// Longest reason, in bytes: 500 characters of at most four.
pub(crate) const REASON_BYTES_MAX: usize = 2_000;

/// What two of the staff agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlassTerms {
    /// Whose records.
    pub tenant: TenantId,
    /// Which of them, in exactly these versions.
    pub records: Vec<RecordName>,
    /// Who, why and until when.
    pub note: GlassNote,
}

/// Who agreed, why, and until when: what every entry about it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlassNote {
    /// Its id.
    pub glass: GlassId,
    /// Who asked for it, and alone may open.
    pub asked_by: GlassHand,
    /// Who agreed.
    pub approved_by: GlassHand,
    /// Why.
    pub reason: String,
    /// When it is over.
    pub until: TimeMs,
}

impl GlassTerms {
    /// Whether two of the staff may agree on this at `now`.
    pub(crate) fn check(&self, now: TimeMs) -> Result<(), BrokerError> {
        let GlassNote { asked_by, approved_by, reason, until, .. } = &self.note;
        let two = asked_by.is_apart_from(approved_by);
        let said = !reason.trim().is_empty() && reason.len() <= REASON_BYTES_MAX;
        let left_ms = until.since_ms(now);
        let bounded = left_ms > 0 && left_ms <= limits::GLASS_MS_MAX;
        let named = !self.records.is_empty()
            && self.records.len() <= limits::GLASS_SECRETS_MAX
            && self.records.iter().all(is_secret);
        if two && said && bounded && named { Ok(()) } else { refused(Refusal::GlassTerms) }
    }
}

/// A workspace's secret, and nothing that a workspace or a person has besides.
const fn is_secret(name: &RecordName) -> bool {
    matches!(name.kind, RecordKind::SecretValue) && matches!(name.scope, DataScope::Environment(_))
}

const fn refused<T>(refusal: Refusal) -> Result<T, BrokerError> {
    Err(BrokerError::Refused(refusal))
}

/// The approvals of this process.
#[derive(Default)]
pub(crate) struct GlassShelf {
    held: HashMap<GlassId, Held>,
}

struct Held {
    terms: GlassTerms,
    ended: bool,
}

/// What an approval would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is new.
    New,
    /// The very same stands already.
    Already,
}

impl GlassShelf {
    /// Whether these terms can stand. Repeating those that stand changes nothing; others under one
    /// id, and those that ended, are refused.
    pub(crate) fn admit(
        &mut self,
        terms: &GlassTerms,
        now: TimeMs,
    ) -> Result<Standing, BrokerError> {
        terms.check(now)?;
        self.held.retain(|_, held| held.terms.note.until > now);
        match self.held.get(&terms.note.glass) {
            Some(held) if held.ended || held.terms != *terms => refused(Refusal::GlassNotStanding),
            Some(_) => Ok(Standing::Already),
            None if self.held.len() >= limits::GLASS_HELD_MAX => refused(Refusal::OutsideLimits),
            None => Ok(Standing::New),
        }
    }

    /// Lets terms stand whose entry is durable.
    pub(crate) fn stand(&mut self, terms: GlassTerms) {
        self.held.insert(terms.note.glass, Held { terms, ended: false });
    }

    /// The terms by which `actor` may open these records of `tenant` now.
    pub(crate) fn standing<'n>(
        &self,
        glass: GlassId,
        (tenant, actor): (TenantId, &str),
        mut records: impl Iterator<Item = &'n RecordName>,
        now: TimeMs,
    ) -> Result<&GlassNote, BrokerError> {
        let Some(held) = self.held.get(&glass) else { return refused(Refusal::GlassNotStanding) };
        let Held { terms, ended } = held;
        let open = !ended && terms.note.until > now;
        let theirs =
            terms.tenant == tenant && actor == format!("user:{}", terms.note.asked_by.user);
        if open && theirs && records.all(|name| terms.records.contains(name)) {
            Ok(&terms.note)
        } else {
            refused(Refusal::GlassNotStanding)
        }
    }

    /// Ends an approval; its terms if it stood until now.
    pub(crate) fn end(&mut self, glass: GlassId, now: TimeMs) -> Option<&GlassTerms> {
        let held = self.held.get_mut(&glass)?;
        let stood = !held.ended && held.terms.note.until > now;
        held.ended = true;
        stood.then_some(&held.terms)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: TimeMs = TimeMs(1_000_000);

    fn id<T: From<Uuid>>(number: u128) -> T {
        T::from(Uuid::from_u128(number))
    }

    fn hand(number: u128) -> GlassHand {
        GlassHand { user: id(number), session: id(number + 1), passkey: id(number + 2) }
    }

    fn name(number: u128) -> RecordName {
        let scope = DataScope::Environment(id(7));
        RecordName { scope, kind: RecordKind::SecretValue, id: id(number), version: 1 }
    }

    fn terms() -> GlassTerms {
        let note = GlassNote {
            glass: id(1),
            asked_by: hand(100),
            approved_by: hand(200),
            reason: "incident 7".to_owned(),
            until: NOW.plus_ms(limits::GLASS_MS_MAX),
        };
        GlassTerms { tenant: id(2), records: vec![name(3), name(4)], note }
    }

    #[test]
    fn one_person_session_or_passkey_twice_is_no_agreement_of_two() {
        assert_eq!(terms().check(NOW), Ok(()));
        let same: [fn(&mut GlassTerms); 3] = [
            |terms| terms.note.approved_by.user = terms.note.asked_by.user,
            |terms| terms.note.approved_by.session = terms.note.asked_by.session,
            |terms| terms.note.approved_by.passkey = terms.note.asked_by.passkey,
        ];
        for change in same {
            let mut terms = terms();
            change(&mut terms);
            assert_eq!(terms.check(NOW), refused(Refusal::GlassTerms), "{terms:?}");
        }
    }

    #[test]
    fn terms_without_a_reason_an_end_or_named_secrets_are_none() {
        let changes: [fn(&mut GlassTerms); 8] = [
            |terms| terms.note.reason = "  ".to_owned(),
            |terms| terms.note.reason = "x".repeat(REASON_BYTES_MAX + 1),
            |terms| terms.note.until = NOW,
            |terms| terms.note.until = NOW.plus_ms(limits::GLASS_MS_MAX + 1),
            |terms| terms.records.clear(),
            |terms| terms.records = vec![name(3); limits::GLASS_SECRETS_MAX + 1],
            |terms| terms.records[1].kind = RecordKind::ProviderSecret,
            |terms| terms.records[1].scope = DataScope::Whole,
        ];
        for change in changes {
            let mut terms = terms();
            change(&mut terms);
            assert_eq!(terms.check(NOW), refused(Refusal::GlassTerms), "{terms:?}");
        }
    }

    #[test]
    fn what_ended_is_not_revived_and_what_is_over_opens_nothing() {
        let (mut shelf, terms) = (GlassShelf::default(), terms());
        assert_eq!(shelf.admit(&terms, NOW), Ok(Standing::New));
        shelf.stand(terms.clone());
        assert_eq!(shelf.admit(&terms, NOW), Ok(Standing::Already));
        let actor = format!("user:{}", terms.note.asked_by.user);
        let asks = |shelf: &GlassShelf, now| {
            let whose = (terms.tenant, actor.as_str());
            shelf.standing(terms.note.glass, whose, [name(3)].iter(), now).map(drop)
        };
        assert_eq!(asks(&shelf, NOW), Ok(()));
        assert_eq!(asks(&shelf, terms.note.until), refused(Refusal::GlassNotStanding));
        assert!(shelf.end(terms.note.glass, NOW).is_some());
        assert!(shelf.end(terms.note.glass, NOW).is_none());
        assert_eq!(asks(&shelf, NOW), refused(Refusal::GlassNotStanding));
        assert_eq!(shelf.admit(&terms, NOW), refused(Refusal::GlassNotStanding));
        let mut wider = terms.clone();
        wider.records.push(name(5));
        assert_eq!(shelf.admit(&wider, NOW), refused(Refusal::GlassNotStanding));
    }

    #[test]
    fn no_more_approvals_are_held_than_the_limit() {
        let mut shelf = GlassShelf::default();
        for number in 0..limits::GLASS_HELD_MAX {
            let mut one = terms();
            one.note.glass = id(1_000 + number as u128);
            assert_eq!(shelf.admit(&one, NOW), Ok(Standing::New));
            shelf.stand(one);
        }
        assert_eq!(shelf.admit(&terms(), NOW), refused(Refusal::OutsideLimits));
        let later = NOW.plus_ms(limits::GLASS_MS_MAX);
        let mut next = terms();
        next.note.until = later.plus_ms(1);
        assert_eq!(shelf.admit(&next, later), Ok(Standing::New), "those that are over make room");
    }
}

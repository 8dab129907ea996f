//! Breaking the glass: an approval of two, the openings under it, and its end.
//!
//! Always true
//! 1. An approval stands after its entry is durable, and not when it is not.
//! 2. The shelf is locked from the check to the last value: once an end was answered, nothing that
//!    it ended hands a value out.

use std::sync::{MutexGuard, PoisonError};

use domain::{GlassId, RequestId, limits};

use super::{Answer, OUTSIDE_LIMITS, Service, is_record_count};
use crate::ACTOR_BYTES_MAX;
use crate::error::{BrokerError, Refusal};
use crate::glass::{GlassShelf, GlassTerms, Standing};
use crate::grant::{Grant, Purpose};
use crate::journal::Opening;
use crate::protocol::{Reply, WireBytes};
use crate::record::{Realm, RecordName};

impl Service {
    pub(super) fn approve_glass(&self, terms: GlassTerms, request: RequestId) -> Answer {
        let mut shelf = self.shelf();
        if shelf.admit(&terms, self.clock.now())? == Standing::Already {
            return Ok(Reply::Done);
        }
        let actor = format!("user:{}", terms.note.approved_by.user);
        self.journal.append(about(&terms, Purpose::BreakGlassApproved, actor, request))?;
        shelf.stand(terms);
        Ok(Reply::Done)
    }

    pub(super) fn open_glass(
        &self,
        glass: GlassId,
        grant: Grant,
        records: &[(RecordName, WireBytes)],
    ) -> Answer {
        self.check_grant(&grant)?;
        if !is_record_count(records.len()) || records.len() > limits::GLASS_SECRETS_MAX {
            return Err(OUTSIDE_LIMITS);
        }
        let (Realm::Tenant(tenant), Purpose::BreakGlass) = (grant.realm, grant.purpose) else {
            return Err(BrokerError::Refused(Refusal::GlassNotStanding));
        };
        let shelf = self.shelf();
        let names = records.iter().map(|(name, _)| name);
        let whose = (tenant, grant.actor.as_str());
        let note = shelf.standing(glass, whose, names, self.clock.now())?.clone();
        self.unwrapped(grant, records, Some(note))
    }

    /// Ends an approval, whoever says so: closing is never refused. The entry tells who did.
    pub(super) fn end_glass(&self, glass: GlassId, actor: String, request: RequestId) -> Answer {
        if actor.is_empty() || actor.len() > ACTOR_BYTES_MAX {
            return Err(OUTSIDE_LIMITS);
        }
        let mut shelf = self.shelf();
        if let Some(terms) = shelf.end(glass, self.clock.now()) {
            self.journal.append(about(terms, Purpose::BreakGlassEnded, actor, request))?;
        }
        Ok(Reply::Done)
    }

    fn shelf(&self) -> MutexGuard<'_, GlassShelf> {
        self.glass.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn about(terms: &GlassTerms, purpose: Purpose, actor: String, request: RequestId) -> Opening {
    let GlassTerms { tenant, records, note } = terms.clone();
    let (realm, request) = (Realm::Tenant(tenant), Some(request));
    Opening { realm, purpose, actor, request, records, glass: Some(note) }
}

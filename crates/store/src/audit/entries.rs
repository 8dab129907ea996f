//! Inserting entries: the last step of a commit.
//!
//! Always true: the bytes stored are the bytes hashed; clock and salts come from the transaction's
//! mint, the actor and origin from its scope or caller, the unit from the transaction.

use domain::{Actor, EntryId};
use ledger::{AuditEvent, EntryActor, EntryContext, canonical_entry};

use crate::bound::Bound;
use crate::commit::EntryRef;
use crate::sql::tenant_statements;
use crate::value::values;
use crate::{Caller, StoreError, Unit};

tenant_statements! { "entries":
    ENTRY = "insert into audit_entries (tenant_id, entry_id, stream, verb, resource_kind, \
        resource_id, at_ms, body, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    PERSONAL = "insert into audit_personal (tenant_id, entry_id, field, salt, value) \
        values ($1, $2, $3, $4, $5)";
    PENDING = "insert into audit_pending (tenant_id, entry_id, stream) values ($1, $2, $3)";
}

/// Inserts one event's entry.
pub(crate) fn insert(
    bound: &mut Bound,
    unit: Unit,
    caller: &Caller,
    event: &AuditEvent,
) -> Result<EntryRef, StoreError> {
    let entry: EntryId = bound.mint().id();
    let at = bound.now();
    let context =
        EntryContext::new(entry, bound.unit(), caller.actor().clone(), caller.origin(), at);
    let canonical = canonical_entry(&context, event, bound.mint());
    let stream = canonical.stream;
    bound.insert_late(
        &ENTRY,
        values![
            entry,
            stream.as_str(),
            event.verb.as_str(),
            event.resource.kind,
            event.resource.id.as_str(),
            at,
            canonical.bytes.as_slice(),
            canonical.hash,
        ],
    )?;
    for personal in &canonical.personal {
        bound.insert_late(
            &PERSONAL,
            values![entry, personal.field.as_str(), personal.salt, personal.value.as_str()],
        )?;
    }
    bound.insert_late(&PENDING, values![entry, stream.as_str()])?;
    let session = match caller.actor() {
        EntryActor::Domain(Actor::User { session, .. }) => Some(*session),
        _ => None,
    };
    let (hash, verb) = (canonical.hash, event.verb);
    Ok(EntryRef { entry, stream, hash, at, unit, verb, session })
}

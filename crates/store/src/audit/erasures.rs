//! Erasing personal values beside entries.
//!
//! Always true
//! 1. A value is erased by the database's own function, with its salt, and only in a unit whose log
//!    holds the entry that orders it.
//! 2. What was erased stays on a list, so that nobody takes it for missing. The entry itself, its
//!    hash and its proofs are as before.

use domain::{EntryId, UserId};

use crate::StoreError;
use crate::bound::Bound;
use crate::sql::tenant_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// Personal values of a unit's log, on their way out.
    pub Erasures
}

/// One personal value with the entry it stands beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalBeside {
    /// The entry.
    pub entry: EntryId,
    /// What it is.
    pub field: String,
    /// The value.
    pub value: String,
    /// The bytes of the entry.
    pub body: Vec<u8>,
}

tenant_statements! { "erasures":
    BESIDE = "select p.entry_id, p.field, p.value, e.body from audit_personal p \
        join audit_entries e on e.tenant_id = $1 and e.entry_id = p.entry_id \
        where p.tenant_id = $1 and (p.entry_id, p.field) > ($2, $3) \
        order by p.entry_id, p.field limit $4";
    ERASED = "select entry_id, field from audit_erasures \
        where tenant_id = $1 and entry_id >= $2 and entry_id <= $3 order by entry_id, field";
    ERASE = "insert into audit_erasures (tenant_id, entry_id, field, subject, at_ms) \
        values ($1, $2, $3, $4, $5)";
}

/// What was erased beside entries whose ids are in this range, in order.
pub(super) fn erased(
    bound: &mut Bound,
    from: EntryId,
    until: EntryId,
) -> Result<Vec<(EntryId, String)>, StoreError> {
    let rows = bound.rows(&ERASED, values![from, until])?;
    rows.into_iter().map(|mut row| Ok((row.id()?, row.text()?))).collect()
}

impl Erasures<'_> {
    /// At most `count` personal values after this entry's field, in order.
    ///
    /// # Errors
    /// The engine's.
    pub fn beside(
        &mut self,
        after: Option<&(EntryId, String)>,
        count: u32,
    ) -> Result<Vec<PersonalBeside>, StoreError> {
        let entry = after.map_or(uuid::Uuid::nil(), |(entry, _)| entry.uuid());
        let field = after.map_or("", |(_, field)| field.as_str());
        self.bound
            .rows(&BESIDE, values![entry, field, count])?
            .into_iter()
            .map(|mut row| {
                Ok(PersonalBeside {
                    entry: row.id()?,
                    field: row.text()?,
                    value: row.text()?,
                    body: row.bytes()?,
                })
            })
            .collect()
    }

    /// Erases one value for this person.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it is erased already, or no entry orders it. The engine's.
    pub fn erase(
        &mut self,
        entry: EntryId,
        field: &str,
        subject: UserId,
    ) -> Result<(), StoreError> {
        let (now, subject) = (self.bound.now(), subject.to_string());
        self.bound.change_one(&ERASE, values![entry, field, subject.as_str(), now])
    }
}

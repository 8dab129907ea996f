//! Erases a person's values from every log, and leaves every proof as it was.
//!
//! Always true
//! 1. In each unit the order is an entry of the log before anything is erased; cut off anywhere,
//!    repeating it erases the rest.
//! 2. The platform's log goes first, and what was not yet copied from it is copied after that: no
//!    value is erased in one log and appears in another.
//! 3. What was erased is told apart from what is missing: by readers, exports and the verifier.
//!
//! Never: an entry, a hash or a commitment; another person's value.

use domain::UserId;
use ledger::{AuditEvent, EntryView, Person, Verb};
use serde_json::json;
use store::{AuditTx, Caller, Commit, PersonalBeside, QuietReason, Store, StoreError, Unit};

use crate::{NotaryError, project};

/// Values looked at in one transaction.
const LOOKED_AT_ONCE: u32 = 256;

/// What was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErasedValues {
    /// In how many logs' units.
    pub units: u64,
    /// How many values.
    pub values: u64,
}

/// Erases the values of a person from the logs of every unit. `caller` is who ordered it.
///
/// # Errors
/// [`NotaryError::Store`]: what was erased stays erased, and repeating it goes on.
pub async fn erase_person(
    store: &Store,
    caller: &Caller,
    person: &Person,
) -> Result<ErasedValues, NotaryError> {
    let mut erased = ErasedValues::default();
    // Listed with the platform's first.
    for unit in store.units().await? {
        let values = erase_in(store, caller, unit, person).await?;
        erased.values += values;
        erased.units += u64::from(values > 0);
        if unit == Unit::Platform {
            copy_what_is_left(store).await?;
        }
    }
    Ok(erased)
}

async fn copy_what_is_left(store: &Store) -> Result<(), NotaryError> {
    loop {
        match project(store).await {
            Ok(projected) if projected.more => {}
            // Somebody else copies: what they read before is looked for in the workspaces' logs.
            Ok(_) | Err(NotaryError::Raced) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

async fn erase_in(
    store: &Store,
    caller: &Caller,
    unit: Unit,
    person: &Person,
) -> Result<u64, NotaryError> {
    let (mut after, mut values, mut ordered) = (None, 0, false);
    loop {
        let from = after.clone();
        let part = store.unit_read::<_, StoreError>(unit, move |tx| {
            tx.erasures().beside(from.as_ref(), LOOKED_AT_ONCE)
        });
        let part = part.await?;
        let Some(last) = part.last() else { return Ok(values) };
        after = Some((last.entry, last.field.clone()));
        let theirs: Vec<PersonalBeside> =
            part.into_iter().filter(|one| is_theirs(one, person)).collect();
        if theirs.is_empty() {
            continue;
        }
        if !ordered {
            order(store, caller, unit, person.user).await?;
            ordered = true;
        }
        values += theirs.len() as u64;
        erase(store, caller, unit, person.user, theirs).await?;
    }
}

fn is_theirs(one: &PersonalBeside, person: &Person) -> bool {
    EntryView::read(&one.body).is_ok_and(|view| person.owns(&view, &one.field, &one.value))
}

/// The entry that says what is about to be erased. It has nothing personal itself.
async fn order(
    store: &Store,
    caller: &Caller,
    unit: Unit,
    user: UserId,
) -> Result<(), NotaryError> {
    let event = AuditEvent::new(Verb::PersonalErased, "user", user)
        .new_value(json!({ "ordered": "every personal value of this person" }));
    let ordered = store.unit_write(unit, caller, move |_: &mut AuditTx<'_>| {
        Ok::<_, NotaryError>(Commit::audited(event, ()))
    });
    ordered.await.map(drop)
}

async fn erase(
    store: &Store,
    caller: &Caller,
    unit: Unit,
    user: UserId,
    values: Vec<PersonalBeside>,
) -> Result<(), NotaryError> {
    let erased = store.unit_write(unit, caller, move |tx| {
        for one in &values {
            tx.erasures().erase(one.entry, &one.field, user)?;
        }
        Ok::<_, NotaryError>(Commit::quiet(QuietReason::Erasing, ()))
    });
    erased.await.map(drop)
}

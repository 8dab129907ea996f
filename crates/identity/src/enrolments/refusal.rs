//! Records that a code was wrong: of a link, or an enrolment's first TOTP code.

use ledger::{AuditEvent, Verb};
use store::{Caller, Commit, Store, StoreError};

/// Writes the entry, which is the whole act. `kind` and `id` name what the code was given for.
///
/// # Errors
/// The store's.
pub(crate) async fn record_refusal(
    store: &Store,
    caller: &Caller,
    kind: &'static str,
    id: impl ToString,
) -> Result<(), StoreError> {
    let event = AuditEvent::new(Verb::EnrolmentRefused, kind, id);
    store
        .platform_write(caller, move |_| Ok::<_, StoreError>(Commit::audited(event, ())))
        .await
        .map(drop)
}

//! Asks for a password reset: one answer for everybody.

use std::time::Duration;

use broker::MacPurpose;
use domain::{EmailAddress, NoticeId, Origin, ResetId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, NewNotice, NewReset, NoticeKind, PlatformTx, QuietReason, StoreError, User,
};
use tokio::time::Instant;

use super::ResetError;
use crate::codes::TypedCode;
use crate::identity::Identity;
use crate::notices;
use crate::throttle::Guess;

/// No answer leaves earlier than this: longer than whatever is done for an address that has an
/// account.
const ANSWER_MS_MIN: u64 = 250;

/// Has a link and a code mailed, if somebody has an account with this address. Neither the answer
/// nor its time tells.
///
/// # Errors
/// [`ResetError::Throttled`], by what was typed and from where; [`ResetError::Sealing`] and
/// [`ResetError::Store`] whoever it is about.
pub async fn request(
    identity: &Identity,
    origin: Origin,
    email: EmailAddress,
) -> Result<(), ResetError> {
    let began = Instant::now();
    let asked = ask(identity, origin, email).await;
    tokio::time::sleep_until(began + Duration::from_millis(ANSWER_MS_MIN)).await;
    asked
}

async fn ask(identity: &Identity, origin: Origin, email: EmailAddress) -> Result<(), ResetError> {
    let caller = Caller::anonymous(origin.clone());
    let user = admitted(identity, &caller, origin, email).await?;
    let mint = identity.store.mint();
    let (id, notice): (ResetId, NoticeId) = (mint.id(), mint.id());
    let code = TypedCode::new(mint);
    let code_hash = identity.broker.mac(MacPurpose::Code, message(&code, id)).await?;
    let Some(user) = user else {
        let event = AuditEvent::new(Verb::PasswordResetRequested, "user", "unknown");
        identity
            .store
            .platform_write(&caller, move |_| Ok::<_, StoreError>(Commit::audited(event, ())))
            .await?;
        return Ok(());
    };
    let sealed = notices::sealed_code(&identity.broker, user.id, notice, &code.shown()).await?;
    identity
        .store
        .platform_write(&caller, move |tx| {
            let expires_at = tx.resets().create(&NewReset { id, user: user.id, code_hash })?;
            tx.notices().enqueue(&NewNotice {
                id: notice,
                user: user.id,
                kind: NoticeKind::PasswordResetLink,
                details: json!({ "link": id, "expires_at_ms": expires_at }),
                sealed: Some(sealed),
            })?;
            let event = AuditEvent::new(Verb::PasswordResetRequested, "user", user.id)
                .new_value(json!({ "reset": id }));
            Ok::<_, StoreError>(Commit::audited(event, ()))
        })
        .await?;
    Ok(())
}

/// Counts the request before anything is looked up. Nobody's request is ever taken back: a mailbox
/// is filled no faster than the throttle allows.
async fn admitted(
    identity: &Identity,
    caller: &Caller,
    origin: Origin,
    email: EmailAddress,
) -> Result<Option<User>, ResetError> {
    let counted = identity
        .store
        .platform_write(caller, move |tx: &mut PlatformTx<'_>| {
            let guess = Guess::of_reset(&email, &origin);
            guess.admit(tx)?;
            guess.refused(tx)?;
            let user = tx.users().find_by_email(&email)?;
            let user = user.filter(User::has_password);
            Ok::<_, ResetError>(Commit::quiet(QuietReason::GuessCounted, user))
        })
        .await?;
    Ok(counted.value)
}

/// What the keyed digest of a reset's code is taken over: no code of another thing is one of a
/// reset.
pub(super) fn message(code: &TypedCode, reset: ResetId) -> Vec<u8> {
    [b"password-reset ".as_slice(), &code.message(reset.to_bytes())].concat()
}

const _: () = assert!(limits::RESET_MS > 0 && ANSWER_MS_MIN < limits::REQUEST_MS_MAX);

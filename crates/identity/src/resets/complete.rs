//! Completes a reset: the mailed code, a second factor and a new password.

use aws_lc_rs::constant_time;
use broker::MacPurpose;
use domain::{Origin, ResetId, SessionId, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, NoticeKind, PasswordReset, PlatformTx, QuietReason, StoreError, User,
};

use super::ResetError;
use super::request::message;
use crate::codes::TypedCode;
use crate::identity::Identity;
use crate::notices;
use crate::passwords::{self, Password};
use crate::sessions::{self, Factor, MatchedFactor};
use crate::throttle::Guess;

/// What somebody presents.
pub struct CompleteReset {
    /// The id in the mailed link.
    pub reset: ResetId,
    /// The code beside it.
    pub code: TypedCode,
    /// Their second factor.
    pub factor: Factor,
    /// The password from now on.
    pub password: Password,
}

/// Gives the account a new password and ends every session. No session begins.
///
/// # Errors
/// [`ResetError`].
pub async fn complete(
    identity: &Identity,
    origin: Origin,
    presented: CompleteReset,
) -> Result<Committed<()>, ResetError> {
    let CompleteReset { reset, code, factor, password } = presented;
    let place = identity.passwords.place()?;
    let (_, user) = usable(identity, reset).await?;
    passwords::check_new(&password, &user.email, identity.breached())?;
    let guess = Guess::of_proof(user.id, &origin);
    let caller = Caller::anonymous(origin);
    let kept = counted(identity, &caller, reset, &guess).await?;

    let given = identity.broker.mac(MacPurpose::Code, message(&code, reset)).await?;
    let right = constant_time::verify_slices_are_equal(&given, &kept).is_ok();
    // The factor is checked whatever the code was: the time of a refusal does not tell which it is.
    let matched = factor.matched(identity, &user).await?;
    let Some(matched) = matched.filter(|_| right) else {
        return Err(refused(identity, &caller, reset, user.id, guess).await?);
    };

    let hash = identity.passwords.hash(place, password).await?.to_phc();
    let id = user.id;
    let winner = guess.clone();
    let done = identity
        .store
        .platform_write(&caller, move |tx| {
            winner.forgive(tx)?;
            settle(tx, reset, id, &matched, &hash)
        })
        .await;
    match done {
        // Another request used the factor in the meantime.
        Err(ResetError::Wrong) => Err(refused(identity, &caller, reset, id, guess).await?),
        done => done,
    }
}

/// The reset and its person, if both can still be used.
async fn usable(identity: &Identity, reset: ResetId) -> Result<(PasswordReset, User), ResetError> {
    let now = identity.store.mint().now();
    let found = identity
        .store
        .platform_read(move |tx| {
            let found = tx.resets().find(reset)?.filter(|found| found.usable(now));
            let Some(found) = found else { return Ok(None) };
            let user = tx.users().find(found.user)?;
            Ok::<_, StoreError>(user.map(|user| (found, user)))
        })
        .await?;
    found.filter(|(_, user)| user.has_password()).ok_or(ResetError::Over)
}

/// Counts the try; the digest it is judged by.
async fn counted(
    identity: &Identity,
    caller: &Caller,
    reset: ResetId,
    guess: &Guess,
) -> Result<[u8; 32], ResetError> {
    let guess = guess.clone();
    let counted = identity
        .store
        .platform_write(caller, move |tx| {
            let now = tx.now();
            let found = tx.resets().find(reset)?.filter(|found| found.usable(now));
            let digest = found.ok_or(ResetError::Over)?.code_hash;
            let tries = tx.resets().count_wrong_code(reset)?;
            if tries.is_none_or(|tries| tries > limits::RESET_CODES_MAX) {
                return Err(ResetError::Over);
            }
            guess.admit(tx)?;
            Ok(Commit::quiet(QuietReason::GuessCounted, digest))
        })
        .await?;
    Ok(counted.value)
}

async fn refused(
    identity: &Identity,
    caller: &Caller,
    reset: ResetId,
    user: UserId,
    guess: Guess,
) -> Result<ResetError, ResetError> {
    identity
        .store
        .platform_write(caller, move |tx| {
            guess.refused(tx)?;
            let event = AuditEvent::new(Verb::PasswordResetRefused, "user", user)
                .new_value(json!({ "reset": reset }));
            Ok::<_, StoreError>(Commit::audited(event, ()))
        })
        .await?;
    Ok(ResetError::Wrong)
}

fn settle(
    tx: &mut PlatformTx<'_>,
    reset: ResetId,
    user: UserId,
    factor: &MatchedFactor,
    hash: &str,
) -> Result<Commit<()>, ResetError> {
    if !tx.resets().use_up(reset)? {
        return Err(ResetError::Over);
    }
    if !factor.use_up(tx, user)? {
        return Err(ResetError::Wrong);
    }
    tx.users().set_password(user, hash)?;
    tx.resets().end_all(user)?;
    tx.recoveries().cancel_all(user)?;
    let ended: Vec<SessionId> = sessions::end_all(tx, user)?;
    notices::tell(tx, user, NoticeKind::PasswordReset, json!({}))?;
    let event = AuditEvent::new(Verb::PasswordReset, "user", user).new_value(json!({
        "reset": reset, "factor": sessions::name_of(factor.method()), "ended_sessions": ended,
    }));
    Ok(Commit::audited(event, ()))
}

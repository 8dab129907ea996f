//! Completes a recovery: the mailed code again, and the first code of the new authenticator.

use broker::TotpCode;
use domain::{Origin, RecoveryId, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, NoticeKind, PlatformTx, Recovery};

use super::{RecoveryError, tried};
use crate::ShownOnce;
use crate::codes::TypedCode;
use crate::enrolments::fresh_backup_codes;
use crate::identity::Identity;
use crate::notices;
use crate::sessions;
use crate::throttle::Guess;

/// What somebody presents.
pub struct CompleteRecovery {
    /// The id in the mailed link.
    pub recovery: RecoveryId,
    /// The code beside it.
    pub code: TypedCode,
    /// The first code of the new authenticator.
    pub totp: TotpCode,
}

/// An account that was recovered. It is signed in nowhere.
#[derive(Debug)]
pub struct Recovered {
    /// Whose.
    pub user: UserId,
    /// Ten codes, shown once.
    pub backup_codes: Vec<ShownOnce>,
}

/// What one transaction makes of it.
struct Renewal {
    recovery: Recovery,
    step: i64,
    codes: Vec<(String, String)>,
    guess: Guess,
}

/// Gives the account its new password, authenticator and backup codes, and ends whatever was
/// before. No session begins.
///
/// # Errors
/// [`RecoveryError`].
pub async fn complete(
    identity: &Identity,
    origin: Origin,
    presented: CompleteRecovery,
) -> Result<Committed<Recovered>, RecoveryError> {
    let CompleteRecovery { recovery: id, code, totp } = presented;
    let recovery = tried::opened(identity, &origin, id, &code).await?;
    let user = recovery.user;
    let seed = recovery.totp.clone().ok_or(RecoveryError::NotOpen)?;
    let Some(step) = identity.broker.check_totp(user, seed, totp, None).await? else {
        tried::refused(identity, &origin, &recovery, "otp").await?;
        return Err(RecoveryError::Wrong);
    };
    let (backup_codes, codes) = fresh_backup_codes(identity, user).await?;
    let guess = Guess::of_proof(user, &origin);
    let renewal = Renewal { recovery, step, codes, guess };
    let done = identity
        .store
        .platform_write(&Caller::anonymous(origin), move |tx| renew(tx, &renewal))
        .await?;
    Ok(done.map(|()| Recovered { user, backup_codes }))
}

fn renew(tx: &mut PlatformTx<'_>, renewal: &Renewal) -> Result<Commit<()>, RecoveryError> {
    let Renewal { recovery, step, codes, guess } = renewal;
    let (Some(hash), Some(seed)) = (&recovery.password_hash, &recovery.totp) else {
        return Err(RecoveryError::NotOpen);
    };
    let (id, user) = (recovery.id, recovery.user);
    // A workspace they joined meanwhile has not vouched for whoever this is.
    if tx.recoveries().unvouched(id, user)? > 0 || !tx.recoveries().complete(id, seed)? {
        return Err(RecoveryError::NotOpen);
    }
    tx.users().set_password(user, hash)?;
    tx.users().replace_totp(user, seed, *step)?;
    tx.backup_codes().replace(user, codes)?;
    // Whoever holds what was lost holds its passkeys too.
    let passkeys = tx.passkeys().remove_all(user)?;
    tx.resets().end_all(user)?;
    guess.forgive(tx)?;
    let ended = sessions::end_all(tx, user)?;
    notices::tell(tx, user, NoticeKind::RecoveryCompleted, json!({}))?;
    let event = AuditEvent::new(Verb::RecoveryCompleted, "recovery", id)
        .new_value(json!({ "user": user, "ended_sessions": ended, "removed_passkeys": passkeys }));
    Ok(Commit::audited(event, ()))
}

//! Replaces somebody's authenticator: a new seed, confirmed by its first code.
//!
//! Always true: the old authenticator works until the new one's first code was right, and then
//! never again.

use broker::{BrokerError, TotpCode};
use domain::{AccountScope, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, NoticeKind, PlatformTx, QuietReason, Session, TotpReplacement,
};

use super::ChangeError;
use super::settle::{self, Changed, OtherSessions};
use crate::ShownOnce;
use crate::enrolments::shown_seed;
use crate::identity::Identity;
use crate::notices;

/// A new authenticator that waits for its first code.
#[derive(Debug)]
pub struct NewAuthenticator {
    /// The `otpauth` URI for the authenticator app, shown once.
    pub totp_uri: ShownOnce,
    /// The seed in it, for typing by hand.
    pub totp_secret: ShownOnce,
}

/// Makes a seed, which waits [`limits::ENROLMENT_MS`] for its first code in this very session.
///
/// # Errors
/// [`ChangeError`].
pub async fn start_totp(
    identity: &Identity,
    account: &AccountScope,
) -> Result<NewAuthenticator, ChangeError> {
    let user = account.user();
    let found = identity.store.platform_read(move |tx| tx.users().find(user)).await?;
    let found = found.ok_or(ChangeError::Ended)?;
    let (totp, uri) = identity.broker.new_totp(user, found.email.as_str()).await?;
    let (totp_uri, totp_secret) =
        shown_seed(uri.expose()).ok_or(ChangeError::Sealing(BrokerError::Unreachable))?;
    let scope = account.clone();
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let session = settle::fresh(tx, &scope)?;
            tx.totp_replacements().start(session.user, session.id, &totp)?;
            Ok::<_, ChangeError>(Commit::quiet(QuietReason::EnrolmentStep, ()))
        })
        .await?;
    Ok(NewAuthenticator { totp_uri, totp_secret })
}

/// Takes the new authenticator in the old one's place.
///
/// # Errors
/// [`ChangeError`].
pub async fn confirm_totp(
    identity: &Identity,
    account: &AccountScope,
    code: TotpCode,
    others: OtherSessions,
) -> Result<Committed<Changed>, ChangeError> {
    let waiting = counted(identity, account).await?;
    let (user, seed) = (account.user(), waiting.totp.clone());
    let Some(step) = identity.broker.check_totp(user, seed, code, None).await? else {
        settle::refused(identity, account, None, "otp").await?;
        return Err(ChangeError::WrongCode);
    };
    let scope = account.clone();
    let done = identity
        .store
        .platform_write(&Caller::from(account), move |tx| take(tx, &scope, &waiting, step, others))
        .await?;
    let Committed { value: (session, ended), entries } = done;
    Ok(Committed { value: settle::changed(identity, &session, ended).await?, entries })
}

/// Counts the code before it is checked.
async fn counted(
    identity: &Identity,
    account: &AccountScope,
) -> Result<TotpReplacement, ChangeError> {
    let scope = account.clone();
    let counted = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let (session, now) = (settle::fresh(tx, &scope)?, tx.now());
            let mut waiting = tx.totp_replacements();
            let found = waiting.find(session.user, session.id)?;
            let found = found.filter(|found| found.usable(now)).ok_or(ChangeError::NotStarted)?;
            let codes = waiting.count_wrong_code(session.user, session.id)?;
            if codes.is_none_or(|codes| codes > limits::WRONG_CODES_MAX) {
                return Err(ChangeError::NotStarted);
            }
            Ok(Commit::quiet(QuietReason::GuessCounted, found))
        })
        .await?;
    Ok(counted.value)
}

type Done = (Session, Vec<domain::SessionId>);

fn take(
    tx: &mut PlatformTx<'_>,
    account: &AccountScope,
    waiting: &TotpReplacement,
    step: i64,
    others: OtherSessions,
) -> Result<Commit<Done>, ChangeError> {
    let before = settle::fresh(tx, account)?;
    let user = before.user;
    if !tx.totp_replacements().take(user, before.id, &waiting.totp)? {
        return Err(ChangeError::NotStarted);
    }
    tx.users().replace_totp(user, &waiting.totp, step)?;
    let (session, ended) = settle::settle(tx, &before, others)?;
    let details = json!({ "factor": "authenticator, in the place of the one before" });
    notices::tell(tx, user, NoticeKind::FactorAdded, details)?;
    let factor = json!({ "factor": "totp", "by": session.id, "ended_sessions": ended });
    let removed =
        AuditEvent::new(Verb::FactorRemoved, "user", user).old_value(json!({ "factor": "totp" }));
    let added = AuditEvent::new(Verb::FactorAdded, "user", user).new_value(factor);
    Ok(Commit::audited_all(vec![removed, added], (session, ended)))
}

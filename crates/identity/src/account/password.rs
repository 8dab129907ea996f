//! Changes somebody's password: the old one, the new one, and a fresh factor.

use domain::{AccountScope, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, NoticeKind, PlatformTx, QuietReason, Session, User};

use super::ChangeError;
use super::settle::{self, Changed, OtherSessions};
use crate::identity::Identity;
use crate::notices;
use crate::passwords::{self, Password, PasswordHash, Verdict};
use crate::throttle::Guess;

/// What somebody presents.
pub struct ChangePassword {
    /// The password until now.
    pub old: Password,
    /// The password from now on.
    pub new: Password,
    /// What happens to their other sessions.
    pub others: OtherSessions,
}

/// Changes the password. Resets that were asked for end with it.
///
/// # Errors
/// [`ChangeError`].
pub async fn change_password(
    identity: &Identity,
    account: &AccountScope,
    presented: ChangePassword,
) -> Result<Committed<Changed>, ChangeError> {
    let ChangePassword { old, new, others } = presented;
    let place = identity.passwords.place()?;
    let guess = Guess::of_proof(account.user(), account.origin());
    let user = admitted(identity, account, &guess).await?;
    passwords::check_new(&new, &user.email)?;
    let stored = PasswordHash::stored(&user.password_hash);
    if identity.passwords.verify(place, old, stored).await? == Verdict::Wrong {
        settle::refused(identity, account, Some(guess), "pwd").await?;
        return Err(ChangeError::WrongPassword);
    }
    let hash = identity.passwords.hash(identity.passwords.place()?, new).await?.to_phc();
    let scope = account.clone();
    let done = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let before = settle::fresh(tx, &scope)?;
            guess.forgive(tx)?;
            change(tx, &before, &user, &hash, others)
        })
        .await?;
    let Committed { value: (session, ended), entries } = done;
    Ok(Committed { value: settle::changed(identity, &session, ended).await?, entries })
}

/// Counts the guess, then loads whom it is about.
async fn admitted(
    identity: &Identity,
    account: &AccountScope,
    guess: &Guess,
) -> Result<User, ChangeError> {
    let (scope, guess) = (account.clone(), guess.clone());
    let counted = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            settle::fresh(tx, &scope)?;
            guess.admit(tx)?;
            let user = tx.users().find(scope.user())?.ok_or(ChangeError::Ended)?;
            Ok::<_, ChangeError>(Commit::quiet(QuietReason::GuessCounted, user))
        })
        .await?;
    Ok(counted.value)
}

type Done = (Session, Vec<domain::SessionId>);

fn change(
    tx: &mut PlatformTx<'_>,
    before: &Session,
    user: &User,
    hash: &str,
    others: OtherSessions,
) -> Result<Commit<Done>, ChangeError> {
    let id: UserId = user.id;
    // The hash that was checked must still be the one that is replaced.
    if !tx.users().rehash(id, &user.password_hash, hash)? {
        return Err(ChangeError::WrongPassword);
    }
    tx.users().set_password(id, hash)?;
    tx.resets().end_all(id)?;
    let (session, ended) = settle::settle(tx, before, others)?;
    notices::tell(tx, id, NoticeKind::PasswordChanged, json!({}))?;
    let event = AuditEvent::new(Verb::PasswordChanged, "user", id)
        .new_value(json!({ "by": session.id, "ended_sessions": ended }));
    Ok(Commit::audited(event, (session, ended)))
}

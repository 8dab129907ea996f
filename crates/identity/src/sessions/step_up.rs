//! Gives a second factor again, for the acts that need a fresh one.
//!
//! Always true: the session moves to new tokens with it, so a token stolen before gains nothing
//! (ASVS 7.2.4).

use broker::{AuthMethod, BrokerError};
use domain::{AccountScope, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, PlatformTx, QuietReason, Revoked, Rotation, Session, StoreError,
    User,
};

use super::factor::{FactorUnchecked, MatchedFactor};
use super::tokens::{self, SessionTokens};
use super::{AccountError, Factor};
use crate::code;
use crate::identity::Identity;
use crate::throttle::{Guess, NotAdmitted, Throttled};

/// Why a factor was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepUpError {
    /// It is wrong, or was used before.
    #[error("the code is wrong, or was used before")]
    Wrong,
    /// Too many guesses.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The session was ended a moment ago.
    #[error("the session was ended")]
    Ended,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl StepUpError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "auth.factor_wrong",
            Self::Throttled(_) => "auth.throttled",
            Self::Ended => "auth.revoked",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<AccountError> for StepUpError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Sealing(error) => Self::Sealing(error),
            AccountError::Store(error) => Self::Store(error),
            AccountError::Ended
            | AccountError::NotVisible
            | AccountError::Confined
            | AccountError::LimitReached { .. } => Self::Ended,
        }
    }
}

impl From<NotAdmitted> for StepUpError {
    fn from(not: NotAdmitted) -> Self {
        match not {
            NotAdmitted::Throttled(throttled) => Self::Throttled(throttled),
            NotAdmitted::Store(error) => Self::Store(error),
        }
    }
}

impl From<FactorUnchecked> for StepUpError {
    fn from(unchecked: FactorUnchecked) -> Self {
        match unchecked {
            FactorUnchecked::Sealing(error) => Self::Sealing(error),
            FactorUnchecked::Store(error) => Self::Store(error),
        }
    }
}

/// Takes a factor and makes the session's factor fresh. Tokens of before end: the answer holds the
/// new ones.
///
/// # Errors
/// [`StepUpError`].
pub async fn step_up(
    identity: &Identity,
    account: &AccountScope,
    factor: Factor,
) -> Result<Committed<SessionTokens>, StepUpError> {
    let guess = Guess::of_proof(account.user(), account.origin());
    let user = admitted(identity, account, &guess).await?;
    let id = user.id;
    let Some(matched) = factor.matched_again(identity, &user, account).await? else {
        refuse(identity, account, guess).await?;
        return Err(StepUpError::Wrong);
    };
    let scope = account.clone();
    let stepped = identity
        .store
        .platform_write(&Caller::from(account), move |tx| rise(tx, &scope, &guess, &matched, id))
        .await?;
    let handed = tokens::issue(identity, &stepped.value).await?;
    Ok(stepped.map(|_| handed))
}

async fn admitted(
    identity: &Identity,
    account: &AccountScope,
    guess: &Guess,
) -> Result<User, StepUpError> {
    let (scope, guess) = (account.clone(), guess.clone());
    let counted = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            super::own_confined_too(tx, &scope)?;
            guess.admit(tx)?;
            let user = tx.users().find(scope.user())?.ok_or(StepUpError::Ended)?;
            Ok::<_, StepUpError>(Commit::quiet(QuietReason::GuessCounted, user))
        })
        .await?;
    Ok(counted.value)
}

async fn refuse(
    identity: &Identity,
    account: &AccountScope,
    guess: Guess,
) -> Result<(), StepUpError> {
    let session = account.session();
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            guess.refused(tx)?;
            let event = AuditEvent::new(Verb::SessionStepUpRefused, "session", session);
            Ok::<_, StepUpError>(Commit::audited(event, ()))
        })
        .await?;
    Ok(())
}

fn rise(
    tx: &mut PlatformTx<'_>,
    account: &AccountScope,
    guess: &Guess,
    matched: &MatchedFactor,
    user: UserId,
) -> Result<Commit<Session>, StepUpError> {
    let before = super::own_confined_too(tx, account)?;
    if !matched.use_up(tx, user)? {
        return Err(StepUpError::Wrong);
    }
    guess.forgive(tx)?;
    if let MatchedFactor::Passkey(passkey) = matched {
        tx.session_passkeys().note(before.id, passkey.passkey())?;
    }
    Ok(risen(tx, &before, matched.method())?)
}

/// Makes the factor of a live session fresh: its tokens of before end.
///
/// # Errors
/// [`AccountError::Ended`].
pub(crate) fn risen(
    tx: &mut PlatformTx<'_>,
    before: &Session,
    method: AuthMethod,
) -> Result<Commit<Session>, AccountError> {
    // Two changes of one row: the refresh token moves on, and access tokens of before fall below
    // the epoch.
    let Rotation::Advanced(_) = tx.sessions().rotate(before.id, before.generation)? else {
        return Err(AccountError::Ended);
    };
    if !tx.sessions().step_up(before.id)? {
        return Err(AccountError::Ended);
    }
    let session = tx.sessions().find(before.id)?.ok_or(AccountError::Ended)?;
    tx.revocations().add(Revoked::Session { session: session.id, epoch: session.epoch })?;
    let event = AuditEvent::new(Verb::SessionSteppedUp, "session", session.id)
        .new_value(json!({ "method": tokens::name_of(method) }));
    Ok(Commit::audited(event, session))
}

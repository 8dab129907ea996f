//! Signs somebody in: e-mail address, password and a second factor, in one step.
//!
//! Always true
//! 1. The answer to a wrong address, a wrong password and a wrong factor is one and the same, no
//!    earlier than [`REFUSAL_MS_MIN`]: neither its text nor its time tells which it was, or who has
//!    an account.
//! 2. The guess is counted before anything is checked; the factor is used up in the transaction
//!    that makes the session.
//! 3. Where sign-ins misbehave, a stranger proves work before anything is looked at.

use std::time::Duration;

use broker::BrokerError;
use domain::sign_in::{EntryDenied, SignInPath};
use domain::{Actor, EmailAddress, Origin, Scope, SessionId, TenantId, UserId};
use ledger::{AuditEvent, Verb};
use store::{Caller, Commit, Committed, QuietReason, StoreError, User, UserState};
use tokio::time::Instant;

use super::Factor;
use super::birth::{Birth, Holder, NotBorn, Proof};
use super::factor::{FactorUnchecked, MatchedFactor};
use super::tokens::{self, SessionTokens};
use crate::code;
use crate::guard::{Challenge, Closed, Gate};
use crate::identity::Identity;
use crate::passwords::{Password, PasswordHash, Place, PoolError, Verdict};
use crate::sso::door::{self, DoorError};
use crate::throttle::{Guess, NotAdmitted, Throttled};

/// What somebody presents.
pub struct SignIn {
    /// Their address.
    pub email: EmailAddress,
    /// Their password.
    pub password: Password,
    /// Their second factor.
    pub factor: Factor,
    /// A workspace to enter at once.
    pub workspace: Option<TenantId>,
}

/// Why somebody was not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Address, password or factor is wrong, or the factor was used before.
    #[error("the e-mail address, the password or the code is wrong")]
    Wrong,
    /// Too many guesses.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Work has to be proved first.
    #[error("sign-ins from here have to prove work first")]
    Challenge(Challenge),
    /// Too many sign-ins at once on this machine.
    #[error(transparent)]
    Passwords(#[from] PoolError),
    /// They are not in the workspace they wanted to enter.
    #[error("there is no such workspace, or it is not visible to the caller")]
    WorkspaceNotVisible,
    /// The workspace takes no password.
    #[error(transparent)]
    Denied(#[from] EntryDenied),
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// No refusal leaves earlier than this: longer than a password's hash and a factor's check
/// together.
const REFUSAL_MS_MIN: u64 = 250;

impl SignInError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "auth.invalid",
            Self::Throttled(_) => "auth.throttled",
            Self::Challenge(_) => "auth.challenge",
            Self::Passwords(PoolError::Busy { .. }) => "auth.busy",
            Self::Passwords(PoolError::Failed) => "internal",
            Self::WorkspaceNotVisible => "not_found",
            Self::Denied(denied) => code::of_entry(denied),
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<NotAdmitted> for SignInError {
    fn from(not: NotAdmitted) -> Self {
        match not {
            NotAdmitted::Throttled(throttled) => Self::Throttled(throttled),
            NotAdmitted::Store(error) => Self::Store(error),
        }
    }
}

impl From<Closed> for SignInError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Challenge(challenge) => Self::Challenge(challenge),
            Closed::Store(error) => Self::Store(error),
        }
    }
}

impl From<NotBorn> for SignInError {
    fn from(not: NotBorn) -> Self {
        match not {
            NotBorn::FactorUsed => Self::Wrong,
            NotBorn::Store(error) => Self::Store(error),
        }
    }
}

impl From<FactorUnchecked> for SignInError {
    fn from(unchecked: FactorUnchecked) -> Self {
        match unchecked {
            FactorUnchecked::Sealing(error) => Self::Sealing(error),
            FactorUnchecked::Store(error) => Self::Store(error),
        }
    }
}

/// Signs somebody in from a device that carries nothing of an earlier sign-in.
///
/// # Errors
/// [`SignInError`].
pub async fn sign_in(
    identity: &Identity,
    origin: Origin,
    presented: SignIn,
) -> Result<Committed<SessionTokens>, SignInError> {
    sign_in_by(identity, origin, presented, Holder::api(), None).await
}

/// Signs somebody in, for this holder and with the proof of work that was asked for, if any.
///
/// # Errors
/// [`SignInError`].
pub async fn sign_in_by(
    identity: &Identity,
    origin: Origin,
    presented: SignIn,
    holder: Holder,
    work: Option<String>,
) -> Result<Committed<SessionTokens>, SignInError> {
    let SignIn { email, password, .. } = &presented;
    let began = Instant::now();
    let device = holder.known_device(identity).await?;
    let mut attempt = Attempt {
        began,
        guess: Guess::of_sign_in(email, &origin),
        gate: Gate::of(identity, email, password, &origin, (device, work)),
        origin,
    };
    let place = identity.passwords.place()?;
    let user = attempt.admitted(identity, presented.email).await?;
    let known = user.as_ref().map(|user| user.id);
    let proof = proven(identity, place, user, presented.password, presented.factor).await?;
    let Some(proof) = proof else { return Err(attempt.refused(identity, known).await) };

    let Proven { user, factor, new_hash } = proof;
    let id: SessionId = identity.store.mint().id();
    if let Some(tenant) = presented.workspace {
        visible_to_newcomer(identity, tenant, user.id, id, attempt.origin.clone()).await?;
    }
    let unborn = Birth {
        id,
        user: user.id,
        workspace: presented.workspace,
        proof: Proof::PasswordAnd(factor),
        holder,
        device,
    };
    let unborn = unborn.prepared(identity, &attempt.origin).await?;
    let (guess, gate) = (attempt.guess.clone(), attempt.gate.clone());
    let caller = Caller::account(user.id, id, attempt.origin.clone());
    let begun = identity
        .store
        .platform_write(&caller, move |tx| {
            guess.forgive(tx)?;
            if let Some(hash) = &new_hash {
                tx.users().rehash(user.id, &user.password_hash, &hash.to_phc())?;
            }
            let (session, events) = unborn.begin(tx)?;
            gate.succeeded(tx)?;
            Ok::<_, SignInError>(Commit::audited_all(events, session))
        })
        .await;
    match begun {
        Ok(begun) => {
            let handed = tokens::issue_first(identity, &begun.value).await?;
            Ok(begun.map(|_| handed))
        }
        // Another request used the same code in the meantime.
        Err(SignInError::Wrong) => Err(attempt.refused(identity, known).await),
        Err(error) => Err(error),
    }
}

/// One try to sign in, from its beginning to its refusal.
struct Attempt {
    began: Instant,
    guess: Guess,
    gate: Gate,
    origin: Origin,
}

impl Attempt {
    /// Passes the gate and counts the guess; whom it is about.
    async fn admitted(
        &mut self,
        identity: &Identity,
        email: EmailAddress,
    ) -> Result<Option<User>, SignInError> {
        let caller = Caller::anonymous(self.origin.clone());
        let (guess, gate) = (self.guess.clone(), self.gate.clone());
        let counted = identity
            .store
            .platform_write(&caller, move |tx| {
                let user = tx.users().find_by_email(&email)?;
                let user = user.filter(|user| user.state == UserState::Active);
                let device = gate.known(tx, user.as_ref().map(|user| user.id))?;
                if device.is_none() {
                    gate.pass(tx)?;
                }
                let guess = guess.with_device(device);
                guess.admit(tx)?;
                let admitted = (user, guess);
                Ok::<_, SignInError>(Commit::quiet(QuietReason::GuessCounted, admitted))
            })
            .await?;
        let (user, guess) = counted.value;
        self.guess = guess;
        Ok(user)
    }

    /// Records the refusal and holds its answer back until its time has come.
    async fn refused(self, identity: &Identity, known: Option<UserId>) -> SignInError {
        let Self { began, guess, gate, origin, .. } = self;
        let caller = Caller::anonymous(origin);
        let recorded = identity.store.platform_write(&caller, move |tx| {
            guess.refused(tx)?;
            // An address that is nobody's is not recorded: people type passwords into that field.
            let whom = known.map_or_else(|| "unknown".to_owned(), |user| user.to_string());
            let mut events = vec![AuditEvent::new(Verb::SessionRefused, "user", whom)];
            events.extend(gate.refused(tx)?);
            Ok::<_, SignInError>(Commit::audited_all(events, ()))
        });
        let recorded = recorded.await;
        tokio::time::sleep_until(began + Duration::from_millis(REFUSAL_MS_MIN)).await;
        recorded.err().unwrap_or(SignInError::Wrong)
    }
}

/// Who somebody proved to be, and what has to be written because of it.
struct Proven {
    user: User,
    factor: MatchedFactor,
    new_hash: Option<Box<PasswordHash>>,
}

/// Checks the password, at the cost of one hash whether the account exists or not, and then the
/// factor.
async fn proven(
    identity: &Identity,
    place: Place,
    user: Option<User>,
    password: Password,
    factor: Factor,
) -> Result<Option<Proven>, SignInError> {
    let stored = user.as_ref().and_then(|user| PasswordHash::stored(&user.password_hash));
    let new_hash = match identity.passwords.verify(place, password, stored).await? {
        Verdict::Wrong => return Ok(None),
        Verdict::Right => None,
        Verdict::RightWithNewHash(hash) => Some(hash),
    };
    let Some(user) = user else { return Ok(None) };
    let matched = factor.matched(identity, &user).await?;
    Ok(matched.map(|factor| Proven { user, factor, new_hash }))
}

/// Whether somebody whose session is about to begin may enter a workspace with it.
///
/// # Errors
/// [`SignInError::WorkspaceNotVisible`].
#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
pub(crate) async fn visible_to_newcomer(
    identity: &Identity,
    tenant: TenantId,
    user: UserId,
    session: SessionId,
    origin: Origin,
) -> Result<(), SignInError> {
    let scope = Scope::authenticated(tenant, Actor::User { user, session }, origin);
    let entered = door::enters(&identity.store, &scope, &SignInPath::Local).await;
    entered.map(drop).map_err(|error| match error {
        DoorError::Denied(denied) => SignInError::Denied(denied),
        DoorError::Store(error) => SignInError::Store(error),
        DoorError::Sealing(error) => SignInError::Sealing(error),
        DoorError::NotVisible => SignInError::WorkspaceNotVisible,
    })
}

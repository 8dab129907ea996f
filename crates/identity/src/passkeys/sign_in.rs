//! Signs somebody in by a passkey alone: the authenticator is held, and it verified its person.
//!
//! Always true
//! 1. The guess is counted before the answer is checked; challenge and counter are used up in the
//!    transaction that makes the session.
//! 2. A wrong answer, a used challenge and a passkey that is not there are one and the same.

use domain::{Origin, SessionId, TenantId, UserId};
use ledger::{AuditEvent, Verb};
use store::{Caller, Commit, Committed, PlatformTx, QuietReason, StoreError, UserState};

use super::{Expected, MatchedPasskey, PasskeyAnswer, matched};
use crate::guard::KnownDevice;
use crate::identity::Identity;
use crate::sessions::{
    Birth, Holder, Proof, SessionTokens, SignInError, issue_first, visible_to_newcomer,
};
use crate::throttle::Guess;

/// What somebody presents.
#[derive(Debug)]
pub struct PasskeySignIn {
    /// What their authenticator answered.
    pub answer: PasskeyAnswer,
    /// A workspace to enter at once.
    pub workspace: Option<TenantId>,
    /// What will hold the session.
    pub holder: Holder,
}

/// Signs somebody in. Their oldest session ends when they have
/// [`domain::limits::SESSIONS_PER_USER_MAX`].
///
/// # Errors
/// [`SignInError`].
pub async fn sign_in(
    identity: &Identity,
    origin: Origin,
    presented: PasskeySignIn,
) -> Result<Committed<SessionTokens>, SignInError> {
    let PasskeySignIn { answer, workspace, holder } = presented;
    let device = holder.known_device(identity).await?;
    let (owner, guess) = admitted(identity, &origin, device, answer.credential_id()).await?;
    let matched = match owner {
        Some(_) => matched(identity, Expected::AnyoneSigningIn, answer).await?,
        None => None,
    };
    let Some(matched) = matched else {
        return Err(refused(identity, origin, guess, owner).await);
    };
    let place = (workspace, holder, device);
    match begun(identity, &origin, guess.clone(), matched, place).await {
        // Another request used the same answer in the meantime.
        Err(SignInError::Wrong) => Err(refused(identity, origin, guess, owner).await),
        other => other,
    }
}

async fn begun(
    identity: &Identity,
    origin: &Origin,
    guess: Guess,
    matched: MatchedPasskey,
    (workspace, holder, device): (Option<TenantId>, Holder, Option<KnownDevice>),
) -> Result<Committed<SessionTokens>, SignInError> {
    let id: SessionId = identity.store.mint().id();
    let user = matched.user;
    if let Some(tenant) = workspace {
        visible_to_newcomer(identity, tenant, user, id, origin.clone()).await?;
    }
    let proof = Proof::Passkey(matched);
    let unborn = Birth { id, user, workspace, proof, holder, device };
    let unborn = unborn.prepared(identity, origin).await?;
    let begun = identity
        .store
        .platform_write(&Caller::account(user, id, origin.clone()), move |tx| {
            guess.forgive(tx)?;
            let (session, events) = unborn.begin(tx)?;
            Ok::<_, SignInError>(Commit::audited_all(events, session))
        })
        .await?;
    let handed = issue_first(identity, &begun.value).await?;
    Ok(begun.map(|_| handed))
}

/// Counts the guess; whose passkey it is about.
async fn admitted(
    identity: &Identity,
    origin: &Origin,
    device: Option<KnownDevice>,
    credential_id: String,
) -> Result<(Option<UserId>, Guess), SignInError> {
    let guess = Guess::of_passkey(&credential_id, origin);
    let counted = identity
        .store
        .platform_write(&Caller::anonymous(origin.clone()), move |tx| {
            let owner = owner(tx, &credential_id)?;
            let guess = match (device, owner) {
                (Some(device), Some(owner)) => guess.clone().with_device(device.of(tx, owner)?),
                _ => guess.clone(),
            };
            guess.admit(tx)?;
            Ok::<_, SignInError>(Commit::quiet(QuietReason::GuessCounted, (owner, guess)))
        })
        .await?;
    Ok(counted.value)
}

fn owner(tx: &mut PlatformTx<'_>, credential_id: &str) -> Result<Option<UserId>, StoreError> {
    let Some(passkey) = tx.passkeys().find(credential_id)? else { return Ok(None) };
    let user = tx.users().find(passkey.user)?;
    Ok(user.filter(|user| user.state == UserState::Active).map(|user| user.id))
}

async fn refused(
    identity: &Identity,
    origin: Origin,
    guess: Guess,
    owner: Option<UserId>,
) -> SignInError {
    let caller = Caller::anonymous(origin);
    let recorded = identity.store.platform_write(&caller, move |tx| {
        guess.refused(tx)?;
        let whom = owner.map_or_else(|| "unknown".to_owned(), |user| user.to_string());
        let event = AuditEvent::new(Verb::SessionRefused, "user", whom);
        Ok::<_, SignInError>(Commit::audited(event, ()))
    });
    recorded.await.err().unwrap_or(SignInError::Wrong)
}

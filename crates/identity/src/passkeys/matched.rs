//! Whether an authenticator's answer proves who somebody is: checked first, used up in the
//! transaction that relies on it.
//!
//! Always true
//! 1. The challenge must be for this purpose, for this person where one is known, and for this
//!    session where there is one; the passkey must be that person's, and be there still.
//! 2. A match alone opens nothing: challenge and counter move by conditional statements in
//!    [`MatchedPasskey::use_up`], so of any number of parallel answers one is taken.

use broker::AuthMethod;
use domain::{AccountScope, PasskeyChallengeId, PasskeyId, RequestId, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, ChallengePurpose, Commit, NewNotice, NoticeKind, Passkey, PasskeyChallenge, PasskeyUse,
    PlatformTx, StoreError,
};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, WebauthnError,
};

use super::PasskeyAnswer;
use super::challenge::verified;
use crate::identity::Identity;

/// What an answer is presented for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// To sign in, as whoever the passkey belongs to.
    AnyoneSigningIn,
    /// To sign in, as this person.
    SigningIn(UserId),
    /// To prove once more, in this session, who one is.
    SteppingUp(&'a AccountScope),
}

/// An answer that matched and is not used up yet.
#[derive(Debug)]
pub(crate) struct MatchedPasskey {
    pub(crate) user: UserId,
    challenge: PasskeyChallengeId,
    passkey: PasskeyId,
    used: PasskeyUse,
    /// Whether the passkey lives in hardware, as of now.
    hardware: bool,
}

impl MatchedPasskey {
    /// How its person proved who they are.
    pub(crate) fn methods(&self) -> Vec<AuthMethod> {
        let hardware = self.hardware.then_some(AuthMethod::HardwareKey);
        std::iter::once(AuthMethod::Passkey).chain(hardware).collect()
    }

    /// Which passkey answered.
    pub(crate) const fn passkey(&self) -> PasskeyId {
        self.passkey
    }

    /// Uses the challenge up and moves the counter. `false`: another request was faster.
    pub(crate) fn use_up(&self, tx: &mut PlatformTx<'_>, user: UserId) -> Result<bool, StoreError> {
        Ok(user == self.user
            && tx.passkey_challenges().use_up(self.challenge)?
            && tx.passkeys().note_use(self.passkey, &self.used)?)
    }
}

impl Expected<'_> {
    fn fits(&self, challenge: &PasskeyChallenge, passkey: &Passkey) -> bool {
        let for_them = challenge.user.is_none_or(|user| user == passkey.user);
        let (purpose, session) = (challenge.purpose, challenge.session);
        for_them
            && match *self {
                Self::AnyoneSigningIn => purpose == ChallengePurpose::SignIn,
                Self::SigningIn(user) => {
                    purpose == ChallengePurpose::SignIn && user == passkey.user
                }
                Self::SteppingUp(account) => {
                    purpose == ChallengePurpose::StepUp
                        && session == Some(account.session())
                        && account.user() == passkey.user
                }
            }
    }
}

/// Whether an answer proves what is expected. `None`: it does not.
///
/// # Errors
/// The store's.
pub(crate) async fn matched(
    identity: &Identity,
    expected: Expected<'_>,
    answer: PasskeyAnswer,
) -> Result<Option<MatchedPasskey>, StoreError> {
    let Ok(verifier) = identity.relying_party.verifier() else { return Ok(None) };
    let (id, credential_id) = (answer.challenge, answer.credential_id());
    let read = identity.store.platform_read(move |tx| {
        let (challenge, now) = (tx.passkey_challenges().find(id)?, tx.now());
        let challenge = challenge.filter(|challenge| challenge.usable(now));
        Ok::<_, StoreError>(challenge.zip(tx.passkeys().find(&credential_id)?))
    });
    let Some((challenge, stored)) = read.await? else { return Ok(None) };
    if !expected.fits(&challenge, &stored) || !names_its_person(&answer, &challenge, &stored) {
        return Ok(None);
    }
    let state = serde_json::from_str::<DiscoverableAuthentication>(&challenge.state);
    let (Ok(state), Some(mut key)) = (state, verified(&stored)) else { return Ok(None) };
    let judged = verifier.finish_discoverable_authentication_v2(
        &answer.credential,
        state,
        DiscoverableKey::from(&key),
    );
    match judged {
        Ok(result) if result.user_verified() => {
            key.update_credential(&result);
            let hardware = identity.hardware.hold(&stored);
            Ok(used(&result, &key).map(|used| MatchedPasskey {
                user: stored.user,
                challenge: challenge.id,
                passkey: stored.id,
                used,
                hardware,
            }))
        }
        Err(WebauthnError::CredentialPossibleCompromise) => {
            tell_of_a_copy(identity, stored).await?;
            Ok(None)
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

/// An authenticator that found its passkey by itself says whose it is; one that was told which to
/// use may say so (WebAuthn level 3 section 7.2 step 6).
fn names_its_person(
    answer: &PasskeyAnswer,
    challenge: &PasskeyChallenge,
    passkey: &Passkey,
) -> bool {
    match answer.credential.get_user_unique_id() {
        Some(handle) => handle == passkey.user.to_bytes(),
        None => challenge.user.is_some(),
    }
}

fn used(result: &AuthenticationResult, key: &webauthn_rs::prelude::Passkey) -> Option<PasskeyUse> {
    let public_key = serde_json::to_string(key).ok()?;
    Some(PasskeyUse { counter: result.counter(), public_key, backed_up: result.backup_state() })
}

/// The counter went back though the signature is right: two authenticators hold one key. The answer
/// is refused, the log says why, and the person is told.
async fn tell_of_a_copy(identity: &Identity, stored: Passkey) -> Result<(), StoreError> {
    // The refusal that follows names the request and where it came from.
    let caller = Caller::system("passkeys", identity.store.mint().id::<RequestId>());
    let notice = NewNotice {
        id: identity.store.mint().id(),
        user: stored.user,
        kind: NoticeKind::UnusualSignIn,
        details: json!({ "reason": "passkey_copied", "name": stored.name.as_str() }),
        sealed: None,
    };
    identity
        .store
        .platform_write(&caller, move |tx| {
            tx.notices().enqueue(&notice)?;
            let event =
                AuditEvent::new(Verb::SessionUnusual, "passkey", stored.id).new_value(json!({
                    "reason": "passkey_copied", "user": stored.user, "counter": stored.counter,
                }));
            Ok::<_, StoreError>(Commit::audited(event, ()))
        })
        .await?;
    Ok(())
}

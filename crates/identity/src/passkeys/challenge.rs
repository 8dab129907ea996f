//! Gives somebody a challenge for their authenticator.
//!
//! Always true: what the verifier needs to judge the answer stays here; the browser gets options
//! only. An address that has no account gets options of the same shape as one that has.

use std::sync::Arc;

use domain::{AccountScope, EmailAddress, Origin, PasskeyChallengeId, TimeMs, UserId, limits};
use serde::Serialize;
use serde_json::{Value, json};
use store::{
    Caller, ChallengePurpose, Commit, Committed, NewPasskeyChallenge, Passkey, QuietReason,
    StoreError, UserState,
};

use super::{PasskeyError, decoys};
use crate::identity::Identity;
use crate::sessions;

/// A challenge on its way to a browser.
#[derive(Debug)]
pub struct IssuedChallenge {
    /// Its id: the answer names it.
    pub id: PasskeyChallengeId,
    /// The options for the browser: `publicKey` in its JSON form (WebAuthn level 3 section 5.1.8).
    pub options: Value,
    /// When it ends.
    pub expires_at: TimeMs,
}

/// A challenge to register a passkey, for somebody who gave a factor a short while ago. Of staff it
/// asks what their authenticator is.
///
/// # Errors
/// [`PasskeyError::FactorNotFresh`], [`PasskeyError::LimitReached`], [`PasskeyError::Unavailable`].
pub async fn for_registration(
    identity: &Identity,
    account: &AccountScope,
) -> Result<Committed<IssuedChallenge>, PasskeyError> {
    let verifier = identity.relying_party.verifier()?;
    let (asking, roots) = (account.clone(), Arc::clone(&identity.hardware));
    let read = identity.store.platform_read(move |tx| {
        super::fresh(tx, &asking)?;
        let user = tx.users().find(asking.user())?.ok_or(PasskeyError::Ended)?;
        let hardware = super::hardware_only(tx, &roots, user.id)?;
        Ok::<_, PasskeyError>((user, tx.passkeys().all(asking.user())?, hardware))
    });
    let (user, known, hardware) = read.await?;
    if known.len() >= limits::PASSKEYS_PER_USER_MAX {
        return Err(PasskeyError::LimitReached { max: limits::PASSKEYS_PER_USER_MAX });
    }
    let excluded = known.iter().filter_map(|one| verified(one).map(|key| key.cred_id().clone()));
    let name = user.email.as_str();
    let (shown, state) = verifier
        .start_passkey_registration(user.id.uuid(), name, name, Some(excluded.collect()))
        .map_err(|_| PasskeyError::Refused)?;
    let mut options = public_key(&shown);
    // An authenticator that can show its passkeys by itself does, so that no address is typed.
    let selection = options.get_mut("authenticatorSelection").and_then(Value::as_object_mut);
    selection.ok_or(PasskeyError::Refused)?.insert("residentKey".to_owned(), json!("preferred"));
    if hardware {
        ask_for_attestation(&mut options)?;
    }
    let bound = Bound {
        purpose: ChallengePurpose::Register,
        user: Some(user.id),
        session: Some(account.session()),
    };
    issue(identity, &Caller::from(account), bound, &state, options).await
}

/// Asks the browser for the vendor's word on the authenticator, in a form that names its model; and
/// to offer security keys first, since what another device shows over the air attests nothing.
fn ask_for_attestation(options: &mut Value) -> Result<(), PasskeyError> {
    let shape = options.as_object_mut().ok_or(PasskeyError::Refused)?;
    shape.insert("attestation".to_owned(), json!("direct"));
    shape.insert("attestationFormats".to_owned(), json!(["packed", "tpm"]));
    shape.insert("hints".to_owned(), json!(["security-key", "client-device"]));
    Ok(())
}

/// A challenge to prove once more who one is, to whoever has a passkey.
///
/// # Errors
/// [`PasskeyError::NotVisible`]: the caller has none.
pub async fn for_step_up(
    identity: &Identity,
    account: &AccountScope,
) -> Result<Committed<IssuedChallenge>, PasskeyError> {
    let asking = account.clone();
    let read = identity.store.platform_read(move |tx| {
        sessions::own(tx, &asking)?;
        Ok::<_, PasskeyError>(tx.passkeys().all(asking.user())?)
    });
    let known = read.await?;
    if known.is_empty() {
        return Err(PasskeyError::NotVisible);
    }
    let allowed = known.iter().map(|one| {
        let (id, transports) = (&one.credential_id, &one.transports);
        json!({ "type": "public-key", "id": id, "transports": transports })
    });
    let bound = Bound {
        purpose: ChallengePurpose::StepUp,
        user: Some(account.user()),
        session: Some(account.session()),
    };
    proof(identity, &Caller::from(account), bound, allowed.collect()).await
}

/// A challenge to sign in: for whoever holds a passkey of this instance that its authenticator
/// finds by itself, or for the person with an address. An address that has no passkey gets decoys.
///
/// # Errors
/// [`PasskeyError::Unavailable`].
pub async fn for_sign_in(
    identity: &Identity,
    origin: Origin,
    email: Option<EmailAddress>,
) -> Result<Committed<IssuedChallenge>, PasskeyError> {
    let caller = Caller::anonymous(origin);
    let purpose = ChallengePurpose::SignIn;
    let Some(email) = email else {
        let bound = Bound { purpose, user: None, session: None };
        return proof(identity, &caller, bound, Vec::new()).await;
    };
    let decoys = decoys::of(identity, &email).await?;
    let read = identity.store.platform_read(move |tx| {
        let user = tx.users().find_by_email(&email)?;
        let Some(user) = user.filter(|user| user.state == UserState::Active) else {
            return Ok::<_, StoreError>(None);
        };
        let known = tx.passkeys().all(user.id)?;
        Ok((!known.is_empty()).then_some((user.id, known)))
    });
    let (user, ids) = match read.await? {
        Some((user, known)) => (user, known.into_iter().map(|one| one.credential_id).collect()),
        // Bound to nobody: no passkey answers it.
        None => (identity.store.mint().id::<UserId>(), decoys),
    };
    // Without transports, which decoys could not have in the right proportions.
    let allowed = ids.iter().map(|id| json!({ "type": "public-key", "id": id })).collect();
    let bound = Bound { purpose, user: Some(user), session: None };
    proof(identity, &caller, bound, allowed).await
}

/// What a challenge is bound to.
struct Bound {
    purpose: ChallengePurpose,
    user: Option<UserId>,
    session: Option<domain::SessionId>,
}

async fn proof(
    identity: &Identity,
    caller: &Caller,
    bound: Bound,
    allowed: Vec<Value>,
) -> Result<Committed<IssuedChallenge>, PasskeyError> {
    let verifier = identity.relying_party.verifier()?;
    // The verifier is given the one passkey that answers, when it does; which ones may is decided
    // by what the challenge is bound to.
    let (shown, state) =
        verifier.start_discoverable_authentication().map_err(|_| PasskeyError::Refused)?;
    let mut options = public_key(&shown);
    let shape = options.as_object_mut().ok_or(PasskeyError::Refused)?;
    shape.insert("allowCredentials".to_owned(), Value::Array(allowed));
    issue(identity, caller, bound, &state, options).await
}

async fn issue(
    identity: &Identity,
    caller: &Caller,
    bound: Bound,
    state: &impl Serialize,
    options: Value,
) -> Result<Committed<IssuedChallenge>, PasskeyError> {
    let Bound { purpose, user, session } = bound;
    let id = identity.store.mint().id();
    let state = serde_json::to_string(state).map_err(|_| PasskeyError::Refused)?;
    let new = NewPasskeyChallenge { id, purpose, user, session, state };
    let issued = identity
        .store
        .platform_write(caller, move |tx| {
            let ends = tx.passkey_challenges().create(&new)?;
            Ok::<_, PasskeyError>(Commit::quiet(QuietReason::Challenge, ends))
        })
        .await?;
    Ok(issued.map(|expires_at| IssuedChallenge { id, options, expires_at }))
}

/// The options themselves, out of the object that browsers take them in.
fn public_key(shown: &impl Serialize) -> Value {
    let mut shown = serde_json::to_value(shown).unwrap_or_default();
    shown.get_mut("publicKey").map(Value::take).unwrap_or_default()
}

/// A stored passkey in the verifier's form.
pub(super) fn verified(stored: &Passkey) -> Option<webauthn_rs::prelude::Passkey> {
    serde_json::from_str(&stored.public_key).ok()
}

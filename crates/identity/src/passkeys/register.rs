//! Registers a passkey.
//!
//! Always true: the key, its entry and the message to its person are one transaction, and the
//! challenge is used up in it. A member of the staff registers hardware, if the operator trusts
//! roots to tell it by.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use domain::{AccountScope, PasskeyName, limits};
use ledger::{AuditEvent, Verb};
use serde_json::{Value, json};
use store::{
    Caller, ChallengePurpose, Commit, Committed, NewNotice, NewPasskey, NoticeKind, Passkey,
    PlatformTx, StoreError,
};
use webauthn_rs::prelude::PasskeyRegistration;

use super::{NewCredential, PasskeyError};
use crate::identity::Identity;

/// Registers what an authenticator answered to a challenge of
/// [`super::for_registration`], under a name.
///
/// # Errors
/// [`PasskeyError`].
pub async fn register(
    identity: &Identity,
    account: &AccountScope,
    answer: NewCredential,
    name: PasskeyName,
) -> Result<Committed<Passkey>, PasskeyError> {
    let verifier = identity.relying_party.verifier()?;
    let NewCredential { challenge, credential, transports } = answer;
    let asking = account.clone();
    let read = identity.store.platform_read(move |tx| {
        super::fresh(tx, &asking)?;
        let now = tx.now();
        let found = tx.passkey_challenges().find(challenge)?;
        let found = found.filter(|found| {
            found.usable(now)
                && found.purpose == ChallengePurpose::Register
                && found.user == Some(asking.user())
                && found.session == Some(asking.session())
        });
        found.map(|found| found.state).ok_or(PasskeyError::Refused)
    });
    let state = read.await?;
    let state: PasskeyRegistration =
        serde_json::from_str(&state).map_err(|_| PasskeyError::Refused)?;
    let key = verifier
        .finish_passkey_registration(&credential, &state)
        .map_err(|_| PasskeyError::Refused)?;
    let shown = serde_json::to_value(&key).map_err(|_| PasskeyError::Refused)?;
    let new = NewPasskey {
        id: identity.store.mint().id(),
        user: account.user(),
        credential_id: BASE64URL_NOPAD.encode(key.cred_id()),
        counter: counter(&shown),
        backed_up: shown.pointer("/cred/backup_state") == Some(&Value::Bool(true)),
        public_key: shown.to_string(),
        name,
        transports,
    };
    let notice = NewNotice {
        id: identity.store.mint().id(),
        user: new.user,
        kind: NoticeKind::FactorAdded,
        details: json!({ "factor": "passkey", "name": new.name.as_str() }),
        sealed: None,
    };
    let hardware = identity.hardware.hold_stored(&new.public_key);
    let (scope, roots) = (account.clone(), Arc::clone(&identity.hardware));
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            super::fresh(tx, &scope)?;
            if !tx.passkey_challenges().use_up(challenge)? {
                return Err(PasskeyError::Refused);
            }
            if !hardware && super::hardware_only(tx, &roots, new.user)? {
                return Err(PasskeyError::NotHardware);
            }
            let passkey = stored(tx, &new)?;
            tx.notices().enqueue(&notice)?;
            let event =
                AuditEvent::new(Verb::FactorAdded, "passkey", passkey.id).new_value(json!({
                    "user": passkey.user, "factor": "passkey", "backed_up": passkey.backed_up,
                    "hardware": hardware,
                }));
            Ok(Commit::audited(event, passkey))
        })
        .await
}

/// Stores it, as one of the few that a person may have.
fn stored(tx: &mut PlatformTx<'_>, new: &NewPasskey) -> Result<Passkey, PasskeyError> {
    tx.passkeys().lock(new.user)?;
    let count = usize::try_from(tx.passkeys().count(new.user)?).unwrap_or(usize::MAX);
    if count >= limits::PASSKEYS_PER_USER_MAX {
        return Err(PasskeyError::LimitReached { max: limits::PASSKEYS_PER_USER_MAX });
    }
    tx.passkeys().create(new).map_err(|error| match error {
        StoreError::Conflict => PasskeyError::Exists,
        error => PasskeyError::Store(error),
    })
}

/// The counter at registration, which the verifier keeps to itself but for its stored form.
fn counter(shown: &Value) -> u32 {
    let count = shown.pointer("/cred/counter").and_then(Value::as_u64);
    count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

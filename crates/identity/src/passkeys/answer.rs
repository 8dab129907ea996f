//! What an authenticator sends, as it arrives.
//!
//! Always true: it is bounded before it is read, and nothing of it is believed before the verifier
//! saw it.

use data_encoding::BASE64URL_NOPAD;
use domain::{PasskeyChallengeId, limits};
use serde_json::Value;
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

/// What is not an authenticator's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a credential as WebAuthn describes it")]
pub struct AnswerForm;

/// An authenticator's answer to a challenge to prove who somebody is.
#[derive(Debug)]
pub struct PasskeyAnswer {
    pub(crate) challenge: PasskeyChallengeId,
    pub(crate) credential: PublicKeyCredential,
}

/// A new credential, as its authenticator sends it.
#[derive(Debug)]
pub struct NewCredential {
    pub(crate) challenge: PasskeyChallengeId,
    pub(crate) credential: RegisterPublicKeyCredential,
    pub(crate) transports: Vec<String>,
}

/// Ways to reach an authenticator that are kept (WebAuthn level 3 section 5.8.4).
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

impl PasskeyAnswer {
    /// The answer to `challenge` in a credential's JSON form, at most
    /// [`limits::PASSKEY_CREDENTIAL_BYTES_MAX`] bytes of it.
    ///
    /// # Errors
    /// [`AnswerForm`].
    pub fn read(challenge: PasskeyChallengeId, credential: Value) -> Result<Self, AnswerForm> {
        bounded(&credential)?;
        let credential = serde_json::from_value(credential).map_err(|_| AnswerForm)?;
        Ok(Self { challenge, credential })
    }

    /// The credential's id, as the table names it.
    pub(crate) fn credential_id(&self) -> String {
        BASE64URL_NOPAD.encode(self.credential.get_credential_id())
    }
}

impl NewCredential {
    /// The answer to `challenge` in a credential's JSON form, at most
    /// [`limits::PASSKEY_CREDENTIAL_BYTES_MAX`] bytes of it.
    ///
    /// # Errors
    /// [`AnswerForm`].
    pub fn read(challenge: PasskeyChallengeId, mut credential: Value) -> Result<Self, AnswerForm> {
        bounded(&credential)?;
        let response = credential.get_mut("response").and_then(Value::as_object_mut);
        let transports = response.and_then(|response| response.remove("transports"));
        let credential = serde_json::from_value(credential).map_err(|_| AnswerForm)?;
        Ok(Self { challenge, credential, transports: known(transports.as_ref()) })
    }
}

fn bounded(credential: &Value) -> Result<(), AnswerForm> {
    let small = credential.to_string().len() <= limits::PASSKEY_CREDENTIAL_BYTES_MAX;
    if small { Ok(()) } else { Err(AnswerForm) }
}

/// The transports that have a name of the standard's, each once.
fn known(sent: Option<&Value>) -> Vec<String> {
    let sent = sent.and_then(Value::as_array);
    let has = |name: &str| sent.is_some_and(|sent| sent.iter().any(|one| one == name));
    TRANSPORTS.into_iter().filter(|name| has(name)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::mint;

    #[test]
    fn only_transports_of_the_standard_are_kept() {
        let sent = json!(["internal", "carrier-pigeon", "usb", "usb", 7]);
        assert_eq!(known(Some(&sent)), ["usb", "internal"]);
        assert!(known(Some(&json!("usb"))).is_empty());
        assert!(known(None).is_empty());
    }

    #[test]
    fn a_credential_larger_than_any_real_one_is_not_read() {
        let response = json!({ "attestationObject": "", "clientDataJSON": "", "transports": [] });
        let of = |id: String| {
            let credential =
                json!({ "id": id, "rawId": "", "type": "public-key", "response": response });
            NewCredential::read(mint(1).id(), credential).map(|_| ())
        };
        assert_eq!(of(String::new()), Ok(()));
        assert_eq!(of("a".repeat(limits::PASSKEY_CREDENTIAL_BYTES_MAX)), Err(AnswerForm));
    }
}

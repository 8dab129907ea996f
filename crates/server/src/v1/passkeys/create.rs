//! `POST /v1/account/passkeys`

use axum::extract::State;
use domain::{PasskeyChallengeId, PasskeyName};
use identity::passkeys::{NewCredential, PasskeyError, register};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Passkey;
use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes;

/// What an authenticator answered to a challenge to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "phone", "challenge": "01890a5d-ac96-774b-bcce-b302099a8057",
    "credential": {
        "id": "AAAA", "rawId": "AAAA", "type": "public-key",
        "response": { "attestationObject": "AAAA", "clientDataJSON": "AAAA" }
    }
}))]
pub struct CreatePasskey {
    /// What it is to be called.
    #[schema(value_type = shapes::PasskeyNameText)]
    pub name: PasskeyName,
    /// The challenge.
    #[schema(value_type = shapes::IdText)]
    pub challenge: PasskeyChallengeId,
    /// The new credential, in the JSON form of WebAuthn.
    #[schema(value_type = Object)]
    pub credential: Value,
}

/// Register a passkey
///
/// Needs a second factor given within five minutes. The passkey signs its person in from now on.
#[utoipa::path(
    post, path = "/v1/account/passkeys", operation_id = "passkeys_create", tag = "passkeys",
    security(("session" = []))
)]
pub async fn create(
    State(house): State<House>,
    account: Account,
    Json(body): Json<CreatePasskey>,
) -> Result<Reply<201, Passkey>, Refused<PasskeyError>> {
    let CreatePasskey { name, challenge, credential } = body.value;
    let answer = NewCredential::read(challenge, credential)
        .map_err(|error| Refused::because(Problem::invalid("credential", error)))?;
    let registered = register(house.identity(), &account.scope, answer, name).await?;
    Ok(house.answer(registered, |one| Passkey::of(house.identity().hardware_roots(), one)).await)
}

//! `POST /v1/sessions/passkey`

use axum::extract::State;
use domain::{PasskeyChallengeId, TenantId};
use identity::passkeys::PasskeySignIn;
use identity::sessions::SignInError;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{DeviceHeader, PresentedPasskey, Tokens};
use crate::extract::{Json, NewHolder};
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// What an authenticator answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "challenge": "01890a5d-ac96-774b-bcce-b302099a8057",
    "credential": {
        "id": "AAAA", "rawId": "AAAA", "type": "public-key",
        "response": { "authenticatorData": "AAAA", "clientDataJSON": "AAAA", "signature": "AAAA" }
    }
}))]
pub struct CreatePasskeySession {
    /// The challenge.
    #[schema(value_type = shapes::IdText)]
    pub challenge: PasskeyChallengeId,
    /// The answer, in the JSON form of WebAuthn.
    #[schema(value_type = Object)]
    pub credential: Value,
    /// The workspace to enter at once.
    #[schema(value_type = Option<shapes::IdText>)]
    pub workspace: Option<TenantId>,
}

/// Sign in with a passkey alone
///
/// The authenticator is held and verified its person, so it is both factors. What is wrong with an
/// answer is not told.
#[utoipa::path(
    post,
    path = "/v1/sessions/passkey",
    operation_id = "sessions_passkey",
    tag = "sessions",
    params(DeviceHeader)
)]
pub async fn passkey(
    State(house): State<House>,
    client: Client,
    NewHolder(holder): NewHolder,
    Json(body): Json<CreatePasskeySession>,
) -> Result<Reply<201, Tokens>, Refused<SignInError>> {
    let CreatePasskeySession { challenge, credential, workspace } = body.value;
    let presented = PresentedPasskey { challenge, credential };
    let answer = presented.read("credential").map_err(Refused::because)?;
    let presented = PasskeySignIn { answer, workspace, holder };
    let (identity, origin) = (house.identity(), client.origin);
    let signed_in = identity::passkeys::sign_in(identity, origin, presented).await?;
    Ok(house.answer(signed_in, Tokens::from).await)
}

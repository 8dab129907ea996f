//! `POST /v1/passkey-challenges`

use axum::extract::State;
use domain::EmailAddress;
use identity::passkeys::{PasskeyError, for_sign_in};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Challenge;
use crate::extract::Json;
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Who is about to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com" }))]
pub struct CreatePasskeyChallenge {
    /// Whose passkeys; absent for those that an authenticator finds by itself.
    #[schema(value_type = Option<shapes::EmailText>)]
    pub email: Option<EmailAddress>,
}

/// Ask for a challenge to sign in with a passkey
///
/// For a passkey alone or beside a password. An address that nobody has is answered like any other.
#[utoipa::path(
    post,
    path = "/v1/passkey-challenges",
    operation_id = "passkey_challenges_create",
    tag = "passkeys"
)]
pub async fn create(
    State(house): State<House>,
    client: Client,
    Json(body): Json<CreatePasskeyChallenge>,
) -> Result<Reply<201, Challenge>, Refused<PasskeyError>> {
    let issued = for_sign_in(house.identity(), client.origin, body.value.email).await?;
    Ok(house.answer(issued, Challenge::from).await)
}

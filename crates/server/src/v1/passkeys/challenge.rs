//! `POST /v1/account/passkeys/challenges`

use axum::extract::State;
use identity::passkeys::{PasskeyError, for_registration, for_step_up};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::passkey_challenges::Challenge;

/// What a challenge is for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountPurpose {
    /// To register a passkey.
    Register,
    /// To give a factor again.
    StepUp,
}

/// A challenge to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "purpose": "register" }))]
pub struct CreateAccountChallenge {
    /// What it is for.
    pub purpose: AccountPurpose,
}

/// Ask for a challenge, to register a passkey or to give a factor again
///
/// To register one, a second factor must have been given within five minutes.
#[utoipa::path(
    post, path = "/v1/account/passkeys/challenges", operation_id = "passkeys_challenge",
    tag = "passkeys", security(("session" = []))
)]
pub async fn challenge(
    State(house): State<House>,
    account: Account,
    Json(body): Json<CreateAccountChallenge>,
) -> Result<Reply<201, Challenge>, Refused<PasskeyError>> {
    let (identity, scope) = (house.identity(), &account.scope);
    let issued = match body.value.purpose {
        AccountPurpose::Register => for_registration(identity, scope).await?,
        AccountPurpose::StepUp => for_step_up(identity, scope).await?,
    };
    Ok(house.answer(issued, Challenge::from).await)
}

//! `POST /v1/sessions/current/step-up`

use axum::extract::State;
use identity::sessions::{Factor, StepUpError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Tokens;
use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// A second factor, again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "123456" }))]
pub struct StepUp {
    /// Six digits of an authenticator.
    #[schema(value_type = shapes::TotpText)]
    pub code: SecretText,
}

/// Give the second factor again
///
/// For acts that need one given within five minutes. The answer's tokens replace the session's
/// earlier ones.
#[utoipa::path(
    post, path = "/v1/sessions/current/step-up", operation_id = "sessions_step_up",
    tag = "sessions", security(("session" = []))
)]
pub async fn step_up(
    State(house): State<House>,
    account: Account,
    Json(body): Json<StepUp>,
) -> Result<Reply<200, Tokens>, Refused<StepUpError>> {
    let code = super::totp(&body.value.code).map_err(Refused::because)?;
    let (identity, factor) = (house.identity(), Factor::Totp(code));
    let stepped = identity::sessions::step_up(identity, &account.scope, factor).await?;
    Ok(house.answer(stepped, Tokens::from).await)
}

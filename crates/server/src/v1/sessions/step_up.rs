//! `POST /v1/sessions/current/step-up`

use axum::extract::State;
use identity::sessions::{Factor, StepUpError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{PresentedPasskey, Tokens};
use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// A second factor, again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "123456" }))]
pub struct StepUp {
    /// Six digits of an authenticator.
    #[schema(value_type = Option<shapes::TotpText>)]
    pub code: Option<SecretText>,
    /// In place of a code: what a passkey's authenticator answered to a challenge for this.
    pub passkey: Option<PresentedPasskey>,
}

impl StepUp {
    fn read(self) -> Result<Factor, Problem> {
        match (self.code, self.passkey) {
            (Some(code), None) => super::totp(&code).map(Factor::Totp),
            (None, Some(passkey)) => {
                Ok(Factor::Passkey(Box::new(passkey.read("passkey.credential")?)))
            }
            _ => Err(Problem::invalid("code", "it is a code or a passkey, and one of them")),
        }
    }
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
    let factor = body.value.read().map_err(Refused::because)?;
    let stepped = identity::sessions::step_up(house.identity(), &account.scope, factor).await?;
    Ok(house.answer(stepped, Tokens::from).await)
}

//! `POST /v1/account/totp/confirm`

use axum::extract::State;
use identity::account::{self, ChangeError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AccountChanged, Others};
use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::sessions;

/// The first code of the new authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "totp_code": "123456" }))]
pub struct ConfirmTotp {
    /// Six digits.
    #[schema(value_type = shapes::TotpText)]
    pub totp_code: SecretText,
    /// What happens to the other sessions; they go on, when absent.
    #[serde(default)]
    #[schema(nullable = false)]
    pub other_sessions: Option<Others>,
}

/// Take the new authenticator in the old one's place
///
/// Needs a second factor given within five minutes. The answer's tokens replace the session's
/// earlier ones.
#[utoipa::path(
    post, path = "/v1/account/totp/confirm", operation_id = "account_totp_confirm",
    tag = "account", security(("session" = []))
)]
pub async fn confirm(
    State(house): State<House>,
    account: Account,
    Json(body): Json<ConfirmTotp>,
) -> Result<Reply<200, AccountChanged>, Refused<ChangeError>> {
    let code = sessions::totp(&body.value.totp_code).map_err(Refused::because)?;
    let others = body.value.other_sessions.unwrap_or_default().into();
    let (identity, scope) = (house.identity(), &account.scope);
    let changed = account::confirm_totp(identity, scope, code, others).await?;
    Ok(house.answer(changed, AccountChanged::from).await)
}

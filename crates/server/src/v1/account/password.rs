//! `POST /v1/account/password`

use axum::extract::State;
use identity::account::{self, ChangeError};
use identity::passwords::Password;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AccountChanged, Others};
use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "old_password": "engraved lamppost umbrella", "new_password": "correct horse battery staple",
    "other_sessions": "end"
}))]
pub struct ChangePassword {
    /// The password until now.
    #[schema(value_type = shapes::PasswordText)]
    pub old_password: SecretText,
    /// The password from now on.
    #[schema(value_type = shapes::PasswordText)]
    pub new_password: SecretText,
    /// What happens to the other sessions; they go on, when absent.
    #[serde(default)]
    #[schema(nullable = false)]
    pub other_sessions: Option<Others>,
}

/// Change one's own password
///
/// Needs a second factor given within five minutes. The answer's tokens replace the session's
/// earlier ones.
#[utoipa::path(
    post, path = "/v1/account/password", operation_id = "account_password", tag = "account",
    security(("session" = []))
)]
pub async fn password(
    State(house): State<House>,
    account: Account,
    Json(body): Json<ChangePassword>,
) -> Result<Reply<200, AccountChanged>, Refused<ChangeError>> {
    let ChangePassword { old_password, new_password, other_sessions } = body.value;
    let typed = |field: &'static str, text: SecretText| {
        Password::typed(text.into_text())
            .map_err(|error| Refused::because(Problem::invalid(field, error)))
    };
    let presented = account::ChangePassword {
        old: typed("old_password", old_password)?,
        new: typed("new_password", new_password)?,
        others: other_sessions.unwrap_or_default().into(),
    };
    let identity = house.identity();
    let changed = account::change_password(identity, &account.scope, presented).await?;
    Ok(house.answer(changed, AccountChanged::from).await)
}

//! `POST /v1/recoveries/{recovery}/start`

use axum::extract::State;
use identity::passwords::Password;
use identity::recoveries::{self, RecoveryError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::RecoveryPath;
use crate::extract::{Json, Path};
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::account::totp_start::WaitingAuthenticator;
use crate::v1::enrolments::typed_code;

/// The mailed code and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "0000-0000-0000-0000-0000", "new_password": "correct horse battery staple"
}))]
pub struct StartRecovery {
    /// The code in the message.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub code: SecretText,
    /// The password from now on.
    #[schema(value_type = shapes::PasswordText)]
    pub new_password: SecretText,
}

/// Choose a new password, and get a new authenticator
///
/// Works when the recovery is approved and its delay is over. Nothing of the account changes before
/// the new authenticator's first code.
#[utoipa::path(
    post,
    path = "/v1/recoveries/{recovery}/start",
    operation_id = "recoveries_start",
    tag = "recoveries",
    params(RecoveryPath)
)]
pub async fn start(
    State(house): State<House>,
    client: Client,
    Path(at): Path<RecoveryPath>,
    Json(body): Json<StartRecovery>,
) -> Result<Reply<200, WaitingAuthenticator>, Refused<RecoveryError>> {
    let StartRecovery { code, new_password } = body.value;
    let presented = recoveries::StartRecovery {
        recovery: at.recovery,
        code: typed_code(&code).map_err(Refused::because)?,
        password: Password::typed(new_password.into_text())
            .map_err(|error| Refused::because(Problem::invalid("new_password", error)))?,
    };
    let waiting = recoveries::start(house.identity(), client.origin, presented).await?;
    Ok(Reply::new(waiting.into()))
}

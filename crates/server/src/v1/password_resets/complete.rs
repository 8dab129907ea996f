//! `POST /v1/password_resets/{reset}/complete`

use axum::extract::State;
use identity::passwords::Password;
use identity::resets::{self, CompleteReset, ResetError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ResetPath;
use crate::extract::{Json, Path};
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Empty;
use crate::shapes::{self, SecretText};
use crate::v1::enrolments::typed_code;
use crate::v1::sessions::TypedFactor;

/// Both proofs and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "0000-0000-0000-0000-0000", "factor": { "kind": "totp", "code": "123456" },
    "new_password": "correct horse battery staple"
}))]
pub struct CompletePasswordReset {
    /// The code in the message.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub code: SecretText,
    /// The second factor.
    pub factor: TypedFactor,
    /// The password from now on.
    #[schema(value_type = shapes::PasswordText)]
    pub new_password: SecretText,
}

/// Reset the password
///
/// It needs the mailed code and the second factor, both. Every session ends, and none begins: sign
/// in with the new password.
#[utoipa::path(
    post,
    path = "/v1/password_resets/{reset}/complete",
    operation_id = "password_resets_complete",
    tag = "password_resets",
    params(ResetPath)
)]
pub async fn complete(
    State(house): State<House>,
    client: Client,
    Path(at): Path<ResetPath>,
    Json(body): Json<CompletePasswordReset>,
) -> Result<Empty, Refused<ResetError>> {
    let CompletePasswordReset { code, factor, new_password } = body.value;
    let presented = CompleteReset {
        reset: at.reset,
        code: typed_code(&code).map_err(Refused::because)?,
        factor: factor.read().map_err(Refused::because)?,
        password: Password::typed(new_password.into_text())
            .map_err(|error| Refused::because(Problem::invalid("new_password", error)))?,
    };
    let done = resets::complete(house.identity(), client.origin, presented).await?;
    Ok(house.done(done).await)
}

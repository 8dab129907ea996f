//! `POST /v1/password_resets`

use axum::extract::State;
use domain::EmailAddress;
use identity::resets::{self, ResetError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Asked;
use crate::extract::Json;
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Whose password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com" }))]
pub struct CreatePasswordReset {
    /// The address of the account.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
}

/// Ask for a password reset
///
/// A link and a code are mailed, if there is such an account. The answer is the same when there is
/// none, and leaves at the same time.
#[utoipa::path(
    post,
    path = "/v1/password_resets",
    operation_id = "password_resets_create",
    tag = "password_resets"
)]
pub async fn create(
    State(house): State<House>,
    client: Client,
    Json(body): Json<CreatePasswordReset>,
) -> Result<Reply<202, Asked>, Refused<ResetError>> {
    resets::request(house.identity(), client.origin, body.value.email).await?;
    Ok(Reply::new(Asked::new()))
}

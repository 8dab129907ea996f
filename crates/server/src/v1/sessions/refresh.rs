//! `POST /v1/sessions/refresh`

use axum::extract::State;
use identity::sessions::RefreshError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Tokens;
use crate::extract::Json;
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::SecretText;

/// The refresh token of a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "cmr_example" }))]
pub struct RefreshSession {
    /// As the last answer gave it.
    #[schema(value_type = String, max_length = 512)]
    pub refresh_token: SecretText,
}

/// Exchange a refresh token for the next tokens
///
/// Using an older one than the last ends the session: somebody else has it.
#[utoipa::path(
    post,
    path = "/v1/sessions/refresh",
    operation_id = "sessions_refresh",
    tag = "sessions"
)]
pub async fn refresh(
    State(house): State<House>,
    client: Client,
    Json(body): Json<RefreshSession>,
) -> Result<Reply<200, Tokens>, Refused<RefreshError>> {
    let presented = body.value.refresh_token;
    let refreshed =
        identity::sessions::refresh(house.identity(), client.origin, presented.as_str()).await?;
    Ok(house.answer(refreshed, Tokens::from).await)
}

//! `POST /v1/sessions/refresh`

use axum::extract::State;
use http::HeaderMap;
use identity::sessions::{RefreshError, refresh_held};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Tokens;
use crate::cookie;
use crate::extract::{Held, Json};
use crate::house::{Client, House};
use crate::problem::{Code, Problem, Refused};
use crate::reply::Reply;
use crate::shapes::SecretText;

/// The refresh token of a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "cmr_example" }))]
pub struct RefreshSession {
    /// As the last answer gave it.
    /// A browser that keeps it in the cookie leaves it out.
    #[schema(value_type = Option<String>, max_length = 512)]
    pub refresh_token: Option<SecretText>,
}

/// Exchange a refresh token for the next tokens
///
/// Using an older one than the last ends the session: somebody else has it. A session bound to a
/// key needs a proof by that key in the `DPoP` header.
#[utoipa::path(
    post,
    path = "/v1/sessions/refresh",
    operation_id = "sessions_refresh",
    tag = "sessions"
)]
pub async fn refresh(
    State(house): State<House>,
    client: Client,
    Held(key): Held,
    headers: HeaderMap,
    Json(body): Json<RefreshSession>,
) -> Result<Reply<200, Tokens>, Refused<RefreshError>> {
    let presented = match body.value.refresh_token {
        Some(token) => Zeroizing::new(token.into_text()),
        None => cookie::token(&headers)
            .ok_or_else(|| Refused::because(Problem::new(Code::AuthMissing)))?,
    };
    let refreshed = refresh_held(house.identity(), client.origin, presented.as_str(), key).await?;
    Ok(house.answer(refreshed, Tokens::from).await)
}

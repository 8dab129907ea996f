//! `POST /v1/account/identities/unlink`

use axum::extract::State;
use identity::sso::SsoError;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// An identity to unlink.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "issuer": "https://github.com", "subject": "583231" }))]
pub struct UnlinkIdentity {
    /// Its issuer, as it is listed.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub issuer: String,
    /// Its subject, as it is listed.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub subject: String,
}

/// Unlink an identity
///
/// Needs a second factor given within five minutes. Refused when nobody could sign in to the
/// account without it.
#[utoipa::path(
    post, path = "/v1/account/identities/unlink", operation_id = "identities_unlink",
    tag = "sessions", security(("session" = []))
)]
pub async fn unlink(
    State(house): State<House>,
    account: Account,
    Json(body): Json<UnlinkIdentity>,
) -> Result<Empty, Refused<SsoError>> {
    let UnlinkIdentity { issuer, subject } = body.value;
    let Account { scope, factor_at, .. } = account;
    let identity = house.identity();
    let unlinked = identity::sso::unlink(identity, &scope, factor_at, issuer, subject).await?;
    Ok(house.done(unlinked).await)
}

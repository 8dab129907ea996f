//! `DELETE /v1/keys/{key}`

use axum::extract::State;
use identity::TeamError;

use super::KeyPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Revoke an API key
#[utoipa::path(
    delete, path = "/v1/keys/{key}", operation_id = "keys_revoke", tag = "keys",
    params(KeyPath), security(("session" = []), ("key" = []))
)]
pub async fn revoke(
    State(house): State<House>,
    member: Member,
    Path(at): Path<KeyPath>,
) -> Result<Empty, Refused<TeamError>> {
    let Member { scope, factor_at } = member;
    let revoked = identity::keys::revoke(house.store(), &scope, factor_at, at.key).await?;
    Ok(house.done(revoked).await)
}

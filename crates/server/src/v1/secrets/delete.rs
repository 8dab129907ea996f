//! `DELETE /v1/projects/{project}/environments/{environment}/secrets/{name}`

use axum::extract::State;
use vault::VaultError;
use vault::secrets::delete_secret;

use super::SecretPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Delete a secret with all its versions
#[utoipa::path(
    delete, path = "/v1/projects/{project}/environments/{environment}/secrets/{name}",
    operation_id = "secrets_delete", tag = "secrets",
    params(SecretPath), security(("session" = []), ("key" = []))
)]
pub async fn delete(
    State(house): State<House>,
    member: Member,
    Path(at): Path<SecretPath>,
) -> Result<Empty, Refused<VaultError>> {
    let deleted = delete_secret(house.store(), &member.scope, at.into()).await?;
    Ok(house.done(deleted).await)
}

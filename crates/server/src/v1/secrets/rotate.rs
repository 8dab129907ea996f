//! `POST /v1/projects/{project}/environments/{environment}/secrets/{name}/versions`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use vault::VaultError;
use vault::secrets::{Rotation, rotate_secret};

use super::{Secret, SecretPath};
use crate::extract::{IdempotencyHeader, Idempotent, IfMatch, IfMatchHeader, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// A new version of a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "value_base64": "aHVudGVyMw==" }))]
pub struct RotateSecret {
    /// Its value, 1 byte to 64 KiB.
    #[schema(value_type = shapes::Base64Text)]
    pub value_base64: SecretText,
}

/// Give a secret its next version
///
/// With `If-Match`, only when the named version is the newest one still.
#[utoipa::path(
    post, path = "/v1/projects/{project}/environments/{environment}/secrets/{name}/versions",
    operation_id = "secrets_rotate", tag = "secrets",
    params(SecretPath, IdempotencyHeader, IfMatchHeader),
    security(("session" = []), ("key" = []))
)]
pub async fn rotate(
    State(house): State<House>,
    member: Member,
    Path(at): Path<SecretPath>,
    IfMatch(expected): IfMatch,
    idempotent: Idempotent,
    Json(body): Json<RotateSecret>,
) -> Result<Reply<201, Secret>, Refused<VaultError>> {
    let who = member.repeats();
    let value = super::value(&body.value.value_base64).map_err(Refused::because)?;
    let rotation = Rotation { path: at.into(), value, expected };
    let work = {
        let house = house.clone();
        async move {
            let (store, broker) = (house.store(), house.broker());
            let rotated = rotate_secret(store, broker, &member.scope, rotation).await?;
            Ok(house.made(rotated, Secret::from).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

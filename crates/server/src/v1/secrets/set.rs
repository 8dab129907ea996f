//! `POST /v1/projects/{project}/environments/{environment}/secrets`

use axum::extract::State;
use domain::VariableName;
use serde::Deserialize;
use utoipa::ToSchema;
use vault::VaultError;
use vault::secrets::{NewSecret, SecretPath, set_secret};

use super::Secret;
use crate::extract::idempotency::ShownOnce;
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::environments::EnvironmentPath;

/// A secret to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "DATABASE_URL", "value_base64": "aHVudGVyMg==" }))]
pub struct SetSecret {
    /// Its name; the environment must not have it yet.
    #[schema(value_type = shapes::VariableText)]
    pub name: VariableName,
    /// Its value, 1 byte to 64 KiB.
    #[schema(value_type = shapes::Base64Text)]
    pub value_base64: SecretText,
}

impl ShownOnce for Secret {}

/// Set a secret for the first time
#[utoipa::path(
    post, path = "/v1/projects/{project}/environments/{environment}/secrets",
    operation_id = "secrets_set", tag = "secrets", params(EnvironmentPath, IdempotencyHeader),
    security(("session" = []), ("key" = []))
)]
pub async fn set(
    State(house): State<House>,
    member: Member,
    Path(at): Path<EnvironmentPath>,
    idempotent: Idempotent,
    Json(body): Json<SetSecret>,
) -> Result<Reply<201, Secret>, Refused<VaultError>> {
    let who = member.repeats();
    let value = super::value(&body.value.value_base64).map_err(Refused::because)?;
    let (project, environment, name) = (at.project, at.environment, body.value.name);
    let new = NewSecret { path: SecretPath { project, environment, name }, value };
    let work = {
        let house = house.clone();
        async move {
            let set = set_secret(house.store(), house.broker(), &member.scope, new).await?;
            Ok(house.made(set, Secret::from).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

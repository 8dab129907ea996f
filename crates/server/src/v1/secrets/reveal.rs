//! `POST /v1/projects/{project}/environments/{environment}/secrets/{name}/reveal`

use axum::extract::State;
use domain::{Reason, VariableName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::VaultError;
use vault::secrets::reveal_secret;

use super::SecretPath;
use crate::extract::{Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Why a value is to be shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "checking what the provider has" }))]
pub struct RevealSecret {
    /// The reason, which the log keeps.
    #[schema(value_type = shapes::ReasonText)]
    pub reason: Reason,
}

/// A secret's newest value.
#[derive(Serialize, ToSchema)]
pub struct RevealedSecret {
    /// Its name.
    #[schema(value_type = shapes::VariableText)]
    pub name: VariableName,
    /// Which version it is.
    #[schema(minimum = 1)]
    pub version: u64,
    /// The value.
    #[schema(value_type = shapes::Base64Text)]
    pub value_base64: String,
}

/// Show a secret's newest value
///
/// Needs a second factor given within five minutes. The entry says who, when and why, and is
/// written before the value is opened.
#[utoipa::path(
    post, path = "/v1/projects/{project}/environments/{environment}/secrets/{name}/reveal",
    operation_id = "secrets_reveal", tag = "secrets",
    params(SecretPath), security(("session" = []), ("key" = []))
)]
pub async fn reveal(
    State(house): State<House>,
    member: Member,
    Path(at): Path<SecretPath>,
    Json(body): Json<RevealSecret>,
) -> Result<Reply<200, RevealedSecret>, Refused<VaultError>> {
    let Member { scope, factor_at } = member;
    let (name, reason) = (at.name.clone(), body.value.reason);
    let (store, broker) = (house.store(), house.broker());
    let revealed = reveal_secret(store, broker, &scope, factor_at, at.into(), reason).await?;
    let show = |one: vault::secrets::Revealed| RevealedSecret {
        name,
        version: one.version,
        value_base64: super::shown(&one.value),
    };
    Ok(house.answer(revealed, show).await)
}

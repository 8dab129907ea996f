//! `PATCH /v1/account/passkeys/{passkey}`

use axum::extract::State;
use domain::PasskeyName;
use identity::passkeys::PasskeyError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::PasskeyPath;
use crate::extract::{Account, Json, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;
use crate::shapes;

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "old phone" }))]
pub struct RenamePasskey {
    /// What it is to be called.
    #[schema(value_type = shapes::PasskeyNameText)]
    pub name: PasskeyName,
}

/// Call a passkey something else
#[utoipa::path(
    patch, path = "/v1/account/passkeys/{passkey}", operation_id = "passkeys_rename",
    tag = "passkeys", params(PasskeyPath), security(("session" = []))
)]
pub async fn rename(
    State(house): State<House>,
    account: Account,
    Path(at): Path<PasskeyPath>,
    Json(body): Json<RenamePasskey>,
) -> Result<Empty, Refused<PasskeyError>> {
    let (identity, name) = (house.identity(), body.value.name);
    let renamed = identity::passkeys::rename(identity, &account.scope, at.passkey, name).await?;
    Ok(house.done(renamed).await)
}

//! `POST /v1/workspaces`

use axum::extract::State;
use domain::{Name, TenantId};
use identity::sessions::AccountError;
use identity::workspaces;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::idempotency::ShownOnce;
use crate::extract::{Account, IdempotencyHeader, Idempotent, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// A workspace to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "acme" }))]
pub struct CreateWorkspace {
    /// Its name.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
}

/// A workspace that was made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewWorkspace {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: TenantId,
    /// Its name.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
}

impl ShownOnce for NewWorkspace {}

/// Make a workspace, owned by the caller
///
/// The session stays where it is; enter the workspace to work in it.
#[utoipa::path(
    post, path = "/v1/workspaces", operation_id = "workspaces_create", tag = "workspaces",
    params(IdempotencyHeader), security(("session" = []))
)]
pub async fn create(
    State(house): State<House>,
    account: Account,
    idempotent: Idempotent,
    Json(body): Json<CreateWorkspace>,
) -> Result<Reply<201, NewWorkspace>, Refused<AccountError>> {
    let who = account.repeats();
    let name = body.value.name;
    let work = {
        let house = house.clone();
        async move {
            let (store, broker) = (house.store(), house.broker());
            let made = workspaces::create(store, broker, &account.scope, name.clone()).await?;
            Ok(house.made(made, |id| NewWorkspace { id, name }).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

//! `POST /v1/recoveries`

use axum::extract::State;
use domain::{EmailAddress, TenantId};
use identity::recoveries::{self, RecoveryError};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::Json;
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::password_resets::Asked;

/// Who lost both factors, and which team knows them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@example.com", "workspace": "01890a5d-ac96-774b-bcce-b302099a8057"
}))]
pub struct CreateRecovery {
    /// The address of the account.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// A workspace that the person is in.
    #[schema(value_type = shapes::IdText)]
    pub workspace: TenantId,
}

/// Ask for an assisted recovery
///
/// In every workspace of the person, somebody who ranks above them has to vouch. The answer is the
/// same when there is no such account, and leaves at the same time.
#[utoipa::path(
    post,
    path = "/v1/recoveries",
    operation_id = "recoveries_create",
    tag = "recoveries"
)]
pub async fn create(
    State(house): State<House>,
    client: Client,
    Json(body): Json<CreateRecovery>,
) -> Result<Reply<202, Asked>, Refused<RecoveryError>> {
    let CreateRecovery { email, workspace } = body.value;
    recoveries::request(house.identity(), client.origin, email, workspace).await?;
    Ok(Reply::new(Asked::new()))
}

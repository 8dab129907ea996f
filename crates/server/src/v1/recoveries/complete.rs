//! `POST /v1/recoveries/{recovery}/complete`

use axum::extract::State;
use domain::UserId;
use identity::recoveries::{self, Recovered, RecoveryError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RecoveryPath;
use crate::extract::{Json, Path};
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::enrolments::typed_code;
use crate::v1::sessions;

/// The mailed code again, and the first code of the new authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "0000-0000-0000-0000-0000", "totp_code": "123456" }))]
pub struct CompleteRecovery {
    /// The code in the message.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub code: SecretText,
    /// Six digits of the new authenticator.
    #[schema(value_type = shapes::TotpText)]
    pub totp_code: SecretText,
}

/// An account with new factors. It is signed in nowhere.
#[derive(Serialize, ToSchema)]
pub struct RecoveredAccount {
    /// The person's id.
    #[schema(value_type = shapes::IdText)]
    pub user: UserId,
    /// Ten codes that each stand in for the authenticator once. Shown once.
    pub backup_codes: Vec<String>,
}

/// Recover the account
///
/// Every session and factor of before ends, and no session begins: sign in with the new password
/// and the new authenticator.
#[utoipa::path(
    post,
    path = "/v1/recoveries/{recovery}/complete",
    operation_id = "recoveries_complete",
    tag = "recoveries",
    params(RecoveryPath)
)]
pub async fn complete(
    State(house): State<House>,
    client: Client,
    Path(at): Path<RecoveryPath>,
    Json(body): Json<CompleteRecovery>,
) -> Result<Reply<200, RecoveredAccount>, Refused<RecoveryError>> {
    let CompleteRecovery { code, totp_code } = body.value;
    let presented = recoveries::CompleteRecovery {
        recovery: at.recovery,
        code: typed_code(&code).map_err(Refused::because)?,
        totp: sessions::totp(&totp_code).map_err(Refused::because)?,
    };
    let recovered = recoveries::complete(house.identity(), client.origin, presented).await?;
    let show = |recovered: Recovered| RecoveredAccount {
        user: recovered.user,
        backup_codes: recovered.backup_codes.iter().map(|code| code.show().to_owned()).collect(),
    };
    Ok(house.answer(recovered, show).await)
}

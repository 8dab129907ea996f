//! `POST /v1/enrolments/{enrolment}/confirm`

use axum::extract::State;
use domain::UserId;
use identity::enrolments::{ConfirmError, Confirmed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::EnrolmentPath;
use crate::extract::{Json, NewHolder, Path};
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::sessions::{self, Tokens};

/// The first code of the authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "totp_code": "123456" }))]
pub struct ConfirmEnrolment {
    /// Six digits.
    #[schema(value_type = shapes::TotpText)]
    pub totp_code: SecretText,
}

/// A new account, signed in.
#[derive(Serialize, ToSchema)]
pub struct NewAccount {
    /// The person's id.
    #[schema(value_type = shapes::IdText)]
    pub user: UserId,
    /// Ten codes that each stand in for the authenticator once. Shown once.
    pub backup_codes: Vec<String>,
    /// The first session.
    #[serde(flatten)]
    pub tokens: Tokens,
}

/// Confirm an enrolment: the account exists from now on
#[utoipa::path(
    post,
    path = "/v1/enrolments/{enrolment}/confirm",
    operation_id = "enrolments_confirm",
    tag = "enrolments",
    params(EnrolmentPath)
)]
pub async fn confirm(
    State(house): State<House>,
    client: Client,
    NewHolder(holder): NewHolder,
    Path(at): Path<EnrolmentPath>,
    Json(body): Json<ConfirmEnrolment>,
) -> Result<Reply<201, NewAccount>, Refused<ConfirmError>> {
    let code = sessions::totp(&body.value.totp_code).map_err(Refused::because)?;
    let (identity, origin) = (house.identity(), client.origin);
    let confirmed =
        identity::enrolments::confirm(identity, origin, at.enrolment, code, holder).await?;
    let show = |confirmed: Confirmed| NewAccount {
        user: confirmed.user,
        backup_codes: confirmed.backup_codes.iter().map(|code| code.show().to_owned()).collect(),
        tokens: confirmed.tokens.into(),
    };
    Ok(house.answer(confirmed, show).await)
}

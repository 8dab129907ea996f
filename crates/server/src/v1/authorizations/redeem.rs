//! `POST /v1/authorizations/redeem`

use axum::extract::State;
use identity::authorizations::{RedeemError, Redeems, Verifier, redeem as redeem_code};
use identity::codes::{HandedCode, HandedKind};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{Holds, Json, OnDevice};
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::SecretText;
use crate::v1::sessions::{DeviceHeader, Tokens};

/// What the command line got from the browser, and what it kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "ca_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
}))]
pub struct RedeemAuthorization {
    /// The code.
    #[schema(value_type = String, max_length = 128)]
    pub code: SecretText,
    /// What answers the challenge.
    #[schema(value_type = String, min_length = 43, max_length = 128)]
    pub code_verifier: SecretText,
}

/// Turn a code into a session
///
/// Needs a proof by the key that the code was asked for with, in the `DPoP` header. Works once.
#[utoipa::path(
    post,
    path = "/v1/authorizations/redeem",
    operation_id = "authorizations_redeem",
    tag = "authorizations",
    params(DeviceHeader)
)]
pub async fn redeem(
    State(house): State<House>,
    client: Client,
    Holds(holder): Holds,
    OnDevice(device): OnDevice,
    Json(body): Json<RedeemAuthorization>,
) -> Result<Reply<201, Tokens>, Refused<RedeemError>> {
    let RedeemAuthorization { code, code_verifier } = body.value;
    let code = HandedCode::parse(HandedKind::Authorization, code.as_str())
        .map_err(|error| Refused::because(Problem::invalid("code", error)))?;
    let verifier = Verifier::parse(code_verifier.as_str())
        .map_err(|error| Refused::because(Problem::invalid("code_verifier", error)))?;
    let presented = Redeems { code, verifier, holder, device };
    let redeemed = redeem_code(house.identity(), client.origin, presented).await?;
    Ok(house.answer(redeemed, Tokens::from).await)
}

//! `POST /v1/sso/transactions/{transaction}/redeem`

use axum::extract::State;
use identity::sso::{Redemption, SsoError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::TransactionPath;
use crate::extract::{Json, NewHolder, Path, SsoCookie};
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::sessions::{DeviceHeader, Tokens, TypedFactor};

/// The person's own second factor, where the provider's word does not count as one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "factor": { "kind": "totp", "code": "123456" } }))]
pub struct RedeemSsoTransaction {
    /// The second factor.
    pub factor: Option<TypedFactor>,
}

/// Sign in with what the provider said
///
/// `factor.needed` asks for the person's own second factor; the transaction waits for it.
#[utoipa::path(
    post,
    path = "/v1/sso/transactions/{transaction}/redeem",
    operation_id = "sso_redeem",
    tag = "sessions",
    params(TransactionPath, DeviceHeader)
)]
pub async fn redeem(
    State(house): State<House>,
    client: Client,
    NewHolder(holder): NewHolder,
    Path(at): Path<TransactionPath>,
    cookie: SsoCookie,
    Json(body): Json<RedeemSsoTransaction>,
) -> Result<Reply<201, Tokens>, Refused<SsoError>> {
    let factor = body.value.factor.map(TypedFactor::read).transpose().map_err(Refused::because)?;
    let (identity, origin) = (house.identity(), client.origin);
    let presented = Redemption { id: at.transaction, cookie: &cookie.0, factor, holder };
    let begun = identity::sso::redeem(identity, origin, presented).await?;
    Ok(house.answer(begun, Tokens::from).await)
}

//! `POST /v1/staff/break_glass/{glass}/reveal`

use axum::extract::State;
use data_encoding::BASE64;
use domain::{SecretId, VariableName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::break_glass::{self, GlassError, RevealedGlass};

use super::GlassPath;
use crate::extract::{Hand, Json, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Which secret is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "secret": "01890a5d-ac96-774b-bcce-b302099a8058" }))]
pub struct RevealBreakGlass {
    /// One of those agreed on.
    #[schema(value_type = shapes::IdText)]
    pub secret: SecretId,
}

/// A secret that two of the staff agreed on.
#[derive(Serialize, ToSchema)]
pub struct RevealedBreakGlass {
    /// Its name.
    #[schema(value_type = shapes::VariableText)]
    pub name: VariableName,
    /// The version agreed on.
    #[schema(minimum = 1)]
    pub version: u64,
    /// The value.
    #[schema(value_type = shapes::Base64Text)]
    pub value_base64: String,
}

/// Open one of the secrets agreed on
///
/// For who asked alone. The workspace's log has the entry before the value is opened.
#[utoipa::path(
    post, path = "/v1/staff/break_glass/{glass}/reveal", operation_id = "break_glass_reveal",
    tag = "staff", params(GlassPath), security(("session" = []))
)]
pub async fn reveal(
    State(house): State<House>,
    hand: Hand,
    Path(at): Path<GlassPath>,
    Json(body): Json<RevealBreakGlass>,
) -> Result<Reply<200, RevealedBreakGlass>, Refused<GlassError>> {
    let (store, broker, secret) = (house.store(), house.broker(), body.value.secret);
    let revealed = break_glass::reveal(store, broker, &hand.0, at.glass, secret).await?;
    let show = |RevealedGlass { record, value }: RevealedGlass| RevealedBreakGlass {
        name: record.name,
        version: record.version,
        value_base64: BASE64.encode(value.expose()),
    };
    Ok(house.answer(revealed, show).await)
}

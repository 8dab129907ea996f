//! `POST /v1/key-reports`

use axum::extract::State;
use domain::limits;
use identity::keys::ReportError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::Json;
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// A key that was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "key": "cm_live_example" }))]
pub struct ReportKey {
    /// Its text.
    #[schema(value_type = shapes::KeyReportText)]
    pub key: SecretText,
}

/// A report that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyReportTaken {
    /// Always `true`: the answer is the same whether the text was a key or not.
    pub taken: bool,
}

/// Report a leaked API key
///
/// Needs no credential: whoever has the key may end it. A key is revoked at once, and its maker is
/// told; anything else gets the same answer.
#[utoipa::path(post, path = "/v1/key-reports", operation_id = "key_reports_create", tag = "keys")]
pub async fn create(
    State(house): State<House>,
    client: Client,
    Json(body): Json<ReportKey>,
) -> Result<Reply<202, KeyReportTaken>, Refused<ReportError>> {
    let key = body.value.key;
    if key.as_str().chars().count() > limits::KEY_REPORT_CHARS_MAX {
        let rule = format!("a report has at most {} characters", limits::KEY_REPORT_CHARS_MAX);
        return Err(Refused::because(Problem::invalid("key", rule)));
    }
    identity::keys::report(house.identity(), client.origin, key.as_str()).await?;
    Ok(Reply::new(KeyReportTaken { taken: true }))
}

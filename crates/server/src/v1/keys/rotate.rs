//! `POST /v1/keys/{key}/rotate`

use axum::extract::State;
use domain::limits;
use identity::TeamError;
use identity::keys::{CreatedKey, WantedRotation};
use serde::Deserialize;
use utoipa::ToSchema;

use super::create::NewKey;
use super::{Key, KeyPath};
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_ms": 3_600_000 }))]
pub struct RotateKey {
    /// For how long the key works beside its successor; a day, when absent. Never past its own end.
    #[schema(minimum = 0, maximum = 604_800_000)]
    pub overlap_ms: Option<i64>,
}

const _: () = assert!(limits::KEY_OVERLAP_MS_MAX == 604_800_000, "the document says so");

/// Give an API key a successor
///
/// Needs the key's maker, with a second factor given within five minutes. The successor has the
/// same name, scopes and networks; its text is shown once.
#[utoipa::path(
    post, path = "/v1/keys/{key}/rotate", operation_id = "keys_rotate", tag = "keys",
    params(KeyPath, IdempotencyHeader), security(("session" = []), ("key" = []))
)]
pub async fn rotate(
    State(house): State<House>,
    member: Member,
    Path(at): Path<KeyPath>,
    idempotent: Idempotent,
    Json(body): Json<RotateKey>,
) -> Result<Reply<201, NewKey>, Refused<TeamError>> {
    let who = member.repeats();
    let wanted = WantedRotation { key: at.key, overlap_ms: body.value.overlap_ms };
    let work = {
        let house = house.clone();
        async move {
            let Member { scope, factor_at } = member;
            let (store, broker) = (house.store(), house.broker());
            let made = identity::keys::rotate(store, broker, &scope, factor_at, wanted).await?;
            let show = |CreatedKey { key, text }| NewKey {
                listed: Key::from(key),
                key: Some(text.show().to_owned()),
            };
            Ok(house.made(made, show).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

//! `POST /v1/keys`

use axum::extract::State;
use domain::authz::ActSet;
use domain::{Name, Networks, TimeMs};
use identity::TeamError;
use identity::keys::{CreatedKey, WantedKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Key;
use crate::extract::idempotency::ShownOnce;
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "deploy", "scopes": ["secret.list"] }))]
pub struct CreateKey {
    /// What it is called, for people.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// What it may do at most; every act must be one that the creator holds.
    #[schema(value_type = Vec<shapes::ActText>)]
    pub scopes: ActSet,
    /// When it ends, within 366 days; never, when absent.
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub expires_at_ms: Option<TimeMs>,
    /// Where it may be used from; everywhere, when absent or empty.
    #[serde(default)]
    #[schema(value_type = Vec<shapes::NetworkText>, max_items = 16, required = false)]
    pub networks: Networks,
}

/// A key that was made.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct NewKey {
    /// The key as it is listed.
    #[serde(flatten)]
    pub listed: Key,
    /// Its text, shown once: absent when this answer is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl ShownOnce for NewKey {
    fn forget(&mut self) {
        self.key = None;
    }
}

/// Make an API key
///
/// Needs a person with a second factor given within five minutes. The key's text is shown once.
#[utoipa::path(
    post, path = "/v1/keys", operation_id = "keys_create", tag = "keys",
    params(IdempotencyHeader), security(("session" = []), ("key" = []))
)]
pub async fn create(
    State(house): State<House>,
    member: Member,
    idempotent: Idempotent,
    Json(body): Json<CreateKey>,
) -> Result<Reply<201, NewKey>, Refused<TeamError>> {
    let who = member.repeats();
    let CreateKey { name, scopes, expires_at_ms, networks } = body.value;
    let wanted = WantedKey { name, scopes, expires_at: expires_at_ms, networks };
    let work = {
        let house = house.clone();
        async move {
            let Member { scope, factor_at } = member;
            let (store, broker) = (house.store(), house.broker());
            let made = identity::keys::create(store, broker, &scope, factor_at, wanted).await?;
            let show = |CreatedKey { key, text }| NewKey {
                listed: Key::from(key),
                key: Some(text.show().to_owned()),
            };
            Ok(house.made(made, show).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

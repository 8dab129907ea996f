//! `POST /v1/teams/{team}/audit_streams/{stream}/rotate`

use axum::extract::State;
use domain::limits;
use notary::streams::{Rotation, StreamError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{NewAuditStream, StreamPath};
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::SecretText;

/// How a stream's secret is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_ms": 3_600_000 }))]
pub struct RotateAuditStream {
    /// For how long messages are signed with the secret of before as well; a day, when absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800_000)]
    pub overlap_ms: Option<i64>,
    /// The new token that Splunk gave out, or the new secret of the access key; nothing else takes
    /// one.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 512)]
    pub token: Option<SecretText>,
}

const _: () = assert!(limits::STREAM_OVERLAP_MS_MAX == 604_800_000, "the document says so");

/// Give a stream a new secret
///
/// Needs a second factor given within five minutes. A webhook's new secret is shown once; for the
/// overlap each message carries signatures by both.
#[utoipa::path(
    post, path = "/v1/teams/{team}/audit_streams/{stream}/rotate",
    operation_id = "audit_streams_rotate", tag = "audit",
    params(StreamPath, IdempotencyHeader), security(("session" = []), ("key" = []))
)]
pub async fn rotate(
    State(house): State<House>,
    member: Member,
    Path(at): Path<StreamPath>,
    idempotent: Idempotent,
    Json(body): Json<RotateAuditStream>,
) -> Result<Reply<201, NewAuditStream>, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let who = member.repeats();
    let RotateAuditStream { overlap_ms, token } = body.value;
    let rotation = Rotation { overlap_ms, token: super::token(token) };
    let work = {
        let house = house.clone();
        async move {
            let Member { scope, factor_at } = member;
            let keys = (house.store(), house.broker());
            let made =
                notary::streams::rotate(keys, &scope, factor_at, at.stream, rotation).await?;
            Ok(house.made(made, NewAuditStream::from).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

//! `POST /v1/teams/{team}/audit_streams`

use axum::extract::State;
use domain::Name;
use domain::streams::StreamFormat;
use notary::streams::{Begin, StreamError, WantedStream};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{NewAuditStream, StreamTargetShape};
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::audit::{EntryFormat, LogName};
use crate::v1::members::TeamPath;

/// A stream to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "collector", "log": "workspace",
    "target": { "kind": "webhook", "url": "https://hooks.one.example/audit" }
}))]
pub struct CreateAuditStream {
    /// What your people call it.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// Which log is sent.
    pub log: LogName,
    /// In which form; native, when absent.
    #[serde(default)]
    #[schema(required = false)]
    pub format: EntryFormat,
    /// Where to.
    pub target: StreamTargetShape,
    /// The token that Splunk gave out, or the secret of an object store's access key; nothing else
    /// takes one. It is sealed, and never shown again.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 512)]
    pub token: Option<SecretText>,
    /// The first entry to send, 0 for the whole log; when absent, what comes from now on.
    #[serde(default)]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    pub from_index: Option<u64>,
}

/// Have a log sent to a receiver of your own
///
/// Needs a second factor given within five minutes. A webhook's secret is made here and shown once.
#[utoipa::path(
    post, path = "/v1/teams/{team}/audit_streams", operation_id = "audit_streams_create",
    tag = "audit", params(TeamPath, IdempotencyHeader),
    security(("session" = []), ("key" = []))
)]
pub async fn create(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    idempotent: Idempotent,
    Json(body): Json<CreateAuditStream>,
) -> Result<Reply<201, NewAuditStream>, Refused<StreamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let who = member.repeats();
    let CreateAuditStream { name, log, format, target, token, from_index } = body.value;
    let wanted = WantedStream {
        name,
        log: log.into(),
        format: match format {
            EntryFormat::Native => StreamFormat::Native,
            EntryFormat::Ocsf => StreamFormat::Ocsf,
        },
        target: target.into(),
        token: super::token(token),
        from: from_index.map_or(Begin::Now, Begin::Index),
    };
    let work = {
        let house = house.clone();
        async move {
            let Member { scope, factor_at } = member;
            let keys = (house.store(), house.broker());
            let made = notary::streams::create(keys, &scope, factor_at, wanted).await?;
            Ok(house.made(made, NewAuditStream::from).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}

//! `GET /v1/audit/export`

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use notary::{Export, NotaryError};
use serde::Deserialize;
use store::Committed;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses};

use super::{EntryFormat, LogName};
use crate::extract::{Member, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::RECEIPT;

/// Which log, and in which form.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Which log; `workspace` when absent.
    #[param(required = false, nullable = false, inline)]
    pub stream: Option<LogName>,
    /// `native`, which can be verified, when absent; `ocsf`: events of that schema, one a line.
    #[param(required = false, nullable = false, inline)]
    pub format: Option<EntryFormat>,
}

/// An export on its way: lines of JSON, each made when the one before was taken.
pub struct ExportStream {
    export: Export,
    receipts: Option<HeaderValue>,
}

const MEDIA: &str = "application/x-ndjson";

impl IntoResponse for ExportStream {
    fn into_response(self) -> Response {
        let lines = stream::try_unfold(self.export, |mut export| async {
            // An error breaks the connection off: an export without its last line proves nothing,
            // and says so.
            let line = export.next_line().await.inspect_err(|error| {
                tracing::warn!(%error, "an export broke off");
            })?;
            Ok::<_, NotaryError>(line.map(|line| (Bytes::from(line), export)))
        });
        let mut response = Body::from_stream(lines).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA));
        if let Some(receipts) = self.receipts {
            headers.insert(RECEIPT.clone(), receipts);
        }
        response
    }
}

impl IntoResponses for ExportStream {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let response = ResponseBuilder::new()
            .description(
                "Lines of JSON: a head, the entries, and an end; or an OCSF event per entry.",
            )
            .content(MEDIA, ContentBuilder::new().schema(Some(text.build())).build())
            .build();
        BTreeMap::from([("200".to_owned(), response.into())])
    }
}

/// Export a log with its proofs
///
/// What `casemate verify` judges offline. The export has its own entry, and holds it. As `ocsf` it
/// is for a collector of events, and proves nothing by itself.
#[utoipa::path(
    get, path = "/v1/audit/export", operation_id = "audit_export", tag = "audit",
    params(ExportQuery), security(("session" = []), ("key" = []))
)]
pub async fn export(
    State(house): State<House>,
    member: Member,
    Query(wanted): Query<ExportQuery>,
) -> Result<ExportStream, Refused<NotaryError>> {
    let (store, broker) = (house.store(), house.broker());
    let stream = super::stream(wanted.stream);
    let Committed { value, entries } =
        notary::begin_export(store, broker, &member.scope, stream).await?;
    let receipts = house.receipts(&entries).await;
    let export = match wanted.format.unwrap_or_default() {
        EntryFormat::Native => value,
        EntryFormat::Ocsf => value.as_ocsf(),
    };
    Ok(ExportStream { export, receipts })
}

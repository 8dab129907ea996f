//! `/v1/teams/{team}/audit_streams`: the workspace's logs on their way to receivers of its own.

pub mod create;
pub mod get;
pub mod list;
pub mod pause;
pub mod remove;
pub mod resume;
pub mod rotate;
pub mod test;

use broker::Exposed;
use domain::streams::{StreamFormat, StreamState, StreamTarget, StreamTrouble};
use domain::{AuditStreamId, Name, TenantId, TimeMs};
use ledger::Stream as Log;
use notary::streams::Issued;
use serde::{Deserialize, Serialize};
use store::Stream;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::idempotency::ShownOnce;
use crate::house::House;
use crate::shapes::{self, SecretText};

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, remove::remove))
        .routes(routes!(pause::pause))
        .routes(routes!(resume::resume))
        .routes(routes!(rotate::rotate))
        .routes(routes!(test::test))
}

/// A stream of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct StreamPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// The stream.
    #[param(value_type = shapes::IdText)]
    pub stream: AuditStreamId,
}

/// Where a log is sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum StreamTargetShape {
    /// A signed webhook (Standard Webhooks 1.0.0).
    Webhook {
        /// Where it is posted to: https, unless the operator allows the address.
        #[schema(max_length = 1024, example = "https://hooks.one.example/audit")]
        url: String,
    },
    /// Syslog over TLS (RFC 5425).
    Syslog {
        /// The name that the receiver's certificate has.
        #[schema(max_length = 253, example = "logs.one.example")]
        host: String,
        /// Its port.
        #[schema(minimum = 1, maximum = 65535, example = 6514)]
        port: u16,
        /// PEM certificates that vouch for it, in place of the public ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(max_length = 32768)]
        certificates: Option<String>,
    },
    /// A bucket of an object store: one object for each batch, named by its indices.
    S3 {
        /// The store's address, without a path.
        #[schema(max_length = 1024, example = "https://s3.one.example")]
        endpoint: String,
        /// The region that requests are signed for.
        #[schema(max_length = 64, example = "us-east-1")]
        region: String,
        /// The bucket.
        #[schema(max_length = 63, example = "audit")]
        bucket: String,
        /// What stands before each object's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(max_length = 256)]
        prefix: Option<String>,
        /// The id of the access key; its secret is the request's token.
        #[schema(max_length = 128, example = "AKIDEXAMPLE")]
        access_key_id: String,
    },
    /// Splunk's HTTP event collector.
    Splunk {
        /// The collector's address, without a path.
        #[schema(max_length = 1024, example = "https://splunk.one.example:8088")]
        url: String,
        /// The index to write to; the token's own when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(max_length = 80)]
        index: Option<String>,
    },
}

impl From<StreamTarget> for StreamTargetShape {
    fn from(target: StreamTarget) -> Self {
        match target {
            StreamTarget::Webhook { url } => Self::Webhook { url },
            StreamTarget::Syslog { host, port, certificates } => {
                Self::Syslog { host, port, certificates }
            }
            StreamTarget::S3 { endpoint, region, bucket, prefix, access_key_id } => {
                Self::S3 { endpoint, region, bucket, prefix, access_key_id }
            }
            StreamTarget::Splunk { url, index } => Self::Splunk { url, index },
        }
    }
}

impl From<StreamTargetShape> for StreamTarget {
    fn from(shape: StreamTargetShape) -> Self {
        match shape {
            StreamTargetShape::Webhook { url } => Self::Webhook { url },
            StreamTargetShape::Syslog { host, port, certificates } => {
                Self::Syslog { host, port, certificates }
            }
            StreamTargetShape::S3 { endpoint, region, bucket, prefix, access_key_id } => {
                Self::S3 { endpoint, region, bucket, prefix, access_key_id }
            }
            StreamTargetShape::Splunk { url, index } => Self::Splunk { url, index },
        }
    }
}

/// A stream, without its secrets.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditStream {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: AuditStreamId,
    /// What your people call it.
    #[schema(value_type = shapes::NameText)]
    pub name: Name,
    /// Which log is sent.
    #[schema(value_type = String, example = "workspace")]
    pub log: Log,
    /// In which form: native or ocsf.
    #[schema(value_type = String, example = "native")]
    pub format: StreamFormat,
    /// Where to.
    pub target: StreamTargetShape,
    /// running, paused, or disabled: it ended by itself.
    #[schema(value_type = String, example = "running")]
    pub state: StreamState,
    /// Why the last try failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "unreachable")]
    pub trouble: Option<StreamTrouble>,
    /// The key that signatures are checked with (`v1a`), where the stream signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "whpk_AAAA")]
    pub public_key: Option<String>,
    /// The index of the next entry that the receiver has not taken.
    pub next_index: u64,
    /// When the next try is due.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub due_at_ms: TimeMs,
    /// Since when every try has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub failing_since_ms: Option<TimeMs>,
    /// When a batch was last taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub delivered_at_ms: Option<TimeMs>,
    /// When it was made.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
}

impl From<Stream> for AuditStream {
    fn from(stream: Stream) -> Self {
        Self {
            id: stream.id,
            name: stream.name,
            log: stream.log,
            format: stream.format,
            target: stream.target.into(),
            state: stream.state,
            trouble: stream.trouble,
            public_key: stream.public_key,
            next_index: stream.next_index,
            due_at_ms: stream.due_at,
            failing_since_ms: stream.failing_since,
            delivered_at_ms: stream.delivered_at,
            created_at_ms: stream.created_at,
        }
    }
}

/// A stream with what is shown once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct NewAuditStream {
    /// The stream as it is listed.
    #[serde(flatten)]
    pub listed: AuditStream,
    /// What the receiver checks `v1` signatures with, shown once: absent when this answer is a
    /// repetition, or the secret was not made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl From<Issued> for NewAuditStream {
    fn from(issued: Issued) -> Self {
        let secret = issued.shared.as_ref().and_then(Exposed::expose_text).map(str::to_owned);
        Self { listed: issued.stream.into(), secret }
    }
}

impl ShownOnce for NewAuditStream {
    fn forget(&mut self) {
        self.secret = None;
    }
}

/// The credential of a request, for whoever takes it over.
fn token(text: Option<SecretText>) -> Option<Exposed> {
    text.map(|text| Exposed::from_text(text.into_text()))
}

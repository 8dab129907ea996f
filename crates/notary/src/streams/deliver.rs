//! One try: a batch to its receiver, and what its answer means for the stream.
//!
//! Always true
//! 1. The cursor moves after the receiver's yes, and before anything else is sent.
//! 2. A try that failed is repeated with the same entries, later and later, up to
//!    [`limits::STREAM_RETRY_MS_MAX`]; what a receiver asks for counts within the same bound.
//! 3. A receiver that takes nothing for [`limits::STREAM_TOLD_AFTER_MS`] is told to the owner once,
//!    by an entry and by mail; so is a stream that ended.

use std::time::Duration;

use broker::Exposed;
use domain::streams::{StreamTarget, StreamTrouble};
use domain::{AuditStreamId, TenantId, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use outbound::http::CallError;
use outbound::receiver::Answer;
use outbound::splunk::Collector;
use outbound::syslog::{self, SyslogReceiver};
use outbound::webhook::{self, Post, WebhookSecret};
use serde_json::json;
use store::{Commit, NewNotice, NoticeKind, Progress, QuietReason, Stream, Unit};

use super::batch::{self, Batch};
use super::secrets::is_lost;
use super::sender::Sender;
use super::{forms, object_store};
use crate::NotaryError;

/// The longest try.
pub(super) const DEADLINE: Duration = Duration::from_millis(limits::STREAM_SEND_MS_MAX);

/// How one try of a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// There was nothing to do.
    Nothing,
    /// So many entries were taken.
    Taken(u64),
    /// None was.
    Failed,
}

/// Why a batch was not taken, and after how many milliseconds the receiver wants another try.
pub(super) struct Fault {
    pub(super) trouble: StreamTrouble,
    retry_after_ms: Option<i64>,
}

impl From<StreamTrouble> for Fault {
    fn from(trouble: StreamTrouble) -> Self {
        Self { trouble, retry_after_ms: None }
    }
}

impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        Self::from(match error {
            CallError::Refused(_) => StreamTrouble::AddressRefused,
            CallError::Unreachable => StreamTrouble::Unreachable,
            CallError::Deadline => StreamTrouble::Slow,
            // It answered, and at more length than anybody reads.
            CallError::TooLarge => StreamTrouble::Broken,
        })
    }
}

/// What an answer means.
pub(super) fn judged(answer: Result<Answer, CallError>) -> Result<(), Fault> {
    match answer? {
        Answer::Taken => Ok(()),
        Answer::Throttled { retry_after_ms } => {
            Err(Fault { trouble: StreamTrouble::Throttled, retry_after_ms })
        }
        Answer::Unauthorised => Err(StreamTrouble::Unauthorised.into()),
        Answer::Rejected => Err(StreamTrouble::Rejected.into()),
        Answer::Broken => Err(StreamTrouble::Broken.into()),
        Answer::Gone => Err(StreamTrouble::Gone.into()),
    }
}

/// Tries one batch of a stream.
///
/// # Errors
/// The store's; the broker's when it is away. The stream is due again after its lease at the
/// latest.
pub(super) async fn deliver(
    sender: &Sender,
    tenant: TenantId,
    id: AuditStreamId,
) -> Result<Tried, NotaryError> {
    let Some(batch) = batch::claim(sender, tenant, id).await? else { return Ok(Tried::Nothing) };
    let secrets = match sender.secrets(tenant, id).await {
        Ok(secrets) => Ok(secrets),
        Err(NotaryError::Broker(error)) if is_lost(error) => Err(StreamTrouble::SecretLost.into()),
        Err(error) => return Err(error),
    };
    let outcome = match secrets {
        Ok(secrets) => send(sender, tenant, &batch, &secrets).await,
        Err(fault) => Err(fault),
    };
    settle(sender, tenant, batch, outcome).await
}

async fn send(
    sender: &Sender,
    tenant: TenantId,
    batch: &Batch,
    secrets: &[Exposed],
) -> Result<(), Fault> {
    let at = sender.store.mint().now();
    let payload = match &batch.stream.target {
        StreamTarget::Webhook { .. } => {
            Payload { id: forms::message_id(batch), bytes: forms::webhook(batch, tenant, at) }
        }
        StreamTarget::Syslog { .. } => {
            Payload { id: String::new(), bytes: forms::syslog(batch, tenant, &sender.host) }
        }
        StreamTarget::S3 { .. } => {
            Payload { id: forms::object_name(batch, tenant), bytes: forms::lines(batch, tenant) }
        }
        StreamTarget::Splunk { index, .. } => {
            Payload { id: String::new(), bytes: forms::splunk(batch, tenant, index.as_deref()) }
        }
    };
    hand_over(sender, &batch.stream, payload, secrets, at).await
}

/// What is handed over.
pub(super) struct Payload {
    /// The message's id, where the kind has one.
    pub(super) id: String,
    /// The bytes, in the kind's form.
    pub(super) bytes: Vec<u8>,
}

/// Hands bytes to a stream's receiver.
pub(super) async fn hand_over(
    sender: &Sender,
    stream: &Stream,
    payload: Payload,
    secrets: &[Exposed],
    at: TimeMs,
) -> Result<(), Fault> {
    let client = &sender.client;
    match &stream.target {
        StreamTarget::Webhook { url } => {
            let read = |one: &Exposed| WebhookSecret::read(one.expose());
            let secrets: Result<Vec<_>, _> = secrets.iter().map(read).collect();
            let secrets = secrets.map_err(|_| StreamTrouble::SecretLost)?;
            let post = Post { url, id: &payload.id, at, body: payload.bytes };
            judged(webhook::post(client, post, &secrets, DEADLINE).await)
        }
        StreamTarget::Syslog { host, port, certificates } => {
            let certificates = certificates.as_deref();
            let receiver = SyslogReceiver { host, port: *port, certificates };
            let sent = syslog::send(client, receiver, &payload.bytes, DEADLINE).await;
            judged(sent.map(|()| Answer::Taken))
        }
        StreamTarget::S3 { .. } => object_store::put(sender, stream, payload, secrets).await,
        StreamTarget::Splunk { url, .. } => {
            let token = secrets.first().and_then(Exposed::expose_text);
            let token = token.ok_or(StreamTrouble::SecretLost)?;
            let channel = stream.id.to_string();
            let collector = Collector { url, token, channel: &channel };
            judged(collector.post(client, payload.bytes, DEADLINE).await)
        }
    }
}

async fn settle(
    sender: &Sender,
    tenant: TenantId,
    batch: Batch,
    outcome: Result<(), Fault>,
) -> Result<Tried, NotaryError> {
    let now = sender.store.mint().now();
    let count = u64::try_from(batch.entries.len()).unwrap_or(u64::MAX);
    let (progress, event, tried) = match outcome {
        Ok(()) => {
            let recovered = batch.stream.told_at.map(|_| Verb::AuditStreamRecovered);
            (Progress::Taken(batch.end), recovered, Tried::Taken(count))
        }
        Err(fault) => {
            let (progress, event) = failed(&batch.stream, &fault, now);
            tracing::warn!(
                %tenant, stream = %batch.stream.id, trouble = fault.trouble.as_str(),
                "a receiver did not take a batch"
            );
            (progress, event, Tried::Failed)
        }
    };
    let told = event.filter(|verb| *verb != Verb::AuditStreamRecovered);
    if let Some(verb) = told {
        // Before the mark is set: killed in between, the owner is told twice rather than never.
        tell_owner(sender, tenant, &batch.stream, verb).await?;
    }
    let stream = batch.stream;
    sender
        .store
        .unit_write::<_, NotaryError>(Unit::Tenant(tenant), &sender.caller(), move |tx| {
            let held = tx.streams().settle(&stream, progress)?;
            Ok(match event.filter(|_| held) {
                Some(verb) => Commit::audited(happened(verb, &stream, progress), ()),
                None => Commit::quiet(QuietReason::StreamStep, ()),
            })
        })
        .await?;
    Ok(tried)
}

/// What a failure does to the stream, and what the log says about it.
fn failed(stream: &Stream, fault: &Fault, now: TimeMs) -> (Progress, Option<Verb>) {
    let trouble = fault.trouble;
    if matches!(trouble, StreamTrouble::Gone | StreamTrouble::SecretLost) {
        return (Progress::Ended(trouble), Some(Verb::AuditStreamDisabled));
    }
    let doubled = limits::STREAM_RETRY_MS_MIN << stream.tries.min(16);
    let wanted = fault.retry_after_ms.unwrap_or(0).max(doubled);
    let due_at = now.plus_ms(wanted.min(limits::STREAM_RETRY_MS_MAX));
    let since = stream.failing_since.unwrap_or(now);
    let tells = stream.told_at.is_none() && now >= since.plus_ms(limits::STREAM_TOLD_AFTER_MS);
    let told_at = if tells { Some(now) } else { stream.told_at };
    let event = tells.then_some(Verb::AuditStreamFailing);
    (Progress::Failed { trouble, due_at, told_at }, event)
}

fn happened(verb: Verb, stream: &Stream, progress: Progress) -> AuditEvent {
    let (trouble, next_index) = match progress {
        Progress::Taken(next) => (None, next),
        Progress::Failed { trouble, .. } | Progress::Ended(trouble) => {
            (Some(trouble), stream.next_index)
        }
    };
    AuditEvent::new(verb, "audit_stream", stream.id).new_value(json!({
        "name": stream.name, "trouble": trouble, "next_index": next_index,
        "failing_since_ms": stream.failing_since,
    }))
}

/// Has the owner told by mail. A workspace without a team has nobody to tell.
async fn tell_owner(
    sender: &Sender,
    tenant: TenantId,
    stream: &Stream,
    verb: Verb,
) -> Result<(), NotaryError> {
    let unit = Unit::Tenant(tenant);
    let owner =
        sender.store.unit_read::<_, NotaryError>(unit, |tx| Ok(tx.sealing().owner()?)).await?;
    let Some(user) = owner else { return Ok(()) };
    let details = json!({
        "label": stream.name, "workspace": tenant.to_string(),
        "reason": if verb == Verb::AuditStreamDisabled { "it has ended" } else { "it is tried on" },
    });
    sender
        .store
        .platform_write::<_, NotaryError>(&sender.caller(), move |tx| {
            let id = tx.mint().id();
            let kind = NoticeKind::StreamFailing;
            tx.notices().enqueue(&NewNotice { id, user, kind, details, sealed: None })?;
            Ok(Commit::quiet(QuietReason::NoticeStep, ()))
        })
        .await?;
    Ok(())
}

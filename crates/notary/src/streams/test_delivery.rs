//! A test: one record that says so, outside of the stream's order.
//!
//! Always true: a test moves no cursor and counts as no try; the entry that says who asked for it
//! is written before anything leaves.

use domain::authz::{ManageStream, decide};
use domain::streams::{StreamTarget, StreamTrouble};
use domain::{AuditStreamId, RequestId, Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed};

use super::deliver::{Payload, hand_over};
use super::manage::caller;
use super::secrets::is_lost;
use super::{Sender, StreamError, forms};
use crate::NotaryError;

/// How a test ended: `None`, or why the receiver did not take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tested(pub Option<StreamTrouble>);

/// Sends a test record to a stream's receiver.
///
/// # Errors
/// [`StreamError`]. What the receiver answers is no error.
pub async fn send_test(
    sender: &Sender,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: AuditStreamId,
) -> Result<Committed<Tested>, StreamError> {
    let announced = sender
        .store
        .write(scope, move |tx| {
            decide(&caller(tx, factor_at)?, ManageStream { stream: id })?;
            let stream = tx.streams().find(id)?.ok_or(StreamError::NotFound)?;
            let event = AuditEvent::new(Verb::AuditStreamTested, "audit_stream", id)
                .new_value(json!({ "name": stream.name }));
            Ok::<_, StreamError>(Commit::audited(event, stream))
        })
        .await?;
    let (stream, tenant) = (announced.value, scope.tenant());
    let tested = |trouble| Committed { value: Tested(trouble), entries: announced.entries.clone() };
    let secrets = match sender.secrets(tenant, id).await {
        Ok(secrets) => secrets,
        Err(NotaryError::Broker(error)) if is_lost(error) => {
            return Ok(tested(Some(StreamTrouble::SecretLost)));
        }
        Err(NotaryError::Broker(error)) => return Err(error.into()),
        Err(NotaryError::Store(error)) => return Err(error.into()),
        Err(_) => return Err(StreamError::NotFound),
    };
    let at = sender.store.mint().now();
    let bytes = match &stream.target {
        StreamTarget::Webhook { .. } => forms::webhook_test(id, tenant, at),
        StreamTarget::Syslog { .. } => forms::syslog_test(id, tenant, at, &sender.host),
        StreamTarget::S3 { .. } => forms::webhook_test(id, tenant, at),
        StreamTarget::Splunk { index, .. } => forms::splunk_test(id, tenant, at, index.as_deref()),
    };
    let number = sender.store.mint().id::<RequestId>();
    let id = match &stream.target {
        StreamTarget::S3 { .. } => format!("{tenant}/test/{number}.json"),
        _ => format!("msg_{number}"),
    };
    let payload = Payload { id, bytes };
    let outcome = hand_over(sender, &stream, payload, &secrets, at).await;
    Ok(tested(outcome.err().map(|fault| fault.trouble)))
}

//! What a workspace's people do with streams.
//!
//! Always true
//! 1. Every change is decided on the caller as they stand in the writing transaction, and needs a
//!    factor given a short while ago: from then on the log leaves the house.
//! 2. Who makes a stream of a log may export that log.
//! 3. A secret is sealed before the transaction, handed out once where it was made here, and never
//!    where it was given.

use broker::{Broker, BrokerError, Exposed, Realm};
use domain::authz::{
    Authority, Denied, ExportAudit, ManageStream, ReadSecurity, ReadStreams, decide,
};
use domain::streams::{StreamFormat, StreamState, StreamTarget, TargetError};
use domain::{AuditStreamId, Name, Scope, Sealed, TimeMs, limits};
use ledger::{AuditEvent, Stream as LogStream, Verb};
use outbound::webhook::{NotASecret, SECRET_BYTES, WebhookSecret};
use serde_json::json;
use store::{Commit, Committed, NewStream, Store, StoreError, Stream, TeamState, TenantTx};

use super::secrets::secret_name;

/// Why nothing was done with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// There is no such stream, or the caller may not know that there is.
    #[error("there is no such stream, or it is not visible to the caller")]
    NotFound,
    /// The caller may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// What is wanted does not fit together, or cannot be sent to.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The name is taken, or the stream stands like that already.
    #[error("the name is taken, or the stream stands like that already")]
    Exists,
    /// There are as many as a workspace may have.
    #[error("a workspace has at most 8 streams")]
    TooMany,
    /// The broker did not seal, open or answer.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The target.
    #[error(transparent)]
    Target(TargetError),
    /// A token where none is taken, or none where one is needed.
    #[error("splunk and s3 take a token of 1 to 512 printable characters, and nothing else does")]
    Token,
    /// An index behind the log's end.
    #[error("the log does not have that many entries")]
    Index,
    /// An overlap that is too long.
    #[error("it is between 0 and 7 days")]
    Overlap,
    /// A stream without a secret.
    #[error("a stream of this kind has no secret")]
    NoSecret,
}

const _: () = assert!(limits::STREAMS_PER_WORKSPACE_MAX == 8, "the message says so");
const _: () = assert!(limits::STREAM_TOKEN_CHARS_MAX == 512, "the message says so");

impl From<Denied> for StreamError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotVisible => Self::NotFound,
            other => Self::Denied(other),
        }
    }
}

impl From<TargetError> for StreamError {
    fn from(error: TargetError) -> Self {
        Self::Unfit(Unfit::Target(error))
    }
}

impl From<NotASecret> for StreamError {
    fn from(_: NotASecret) -> Self {
        Self::Broker(BrokerError::Unreachable)
    }
}

/// From where on a log is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// From here on.
    Now,
    /// From this index on, which may be the log's beginning.
    Index(u64),
}

/// A stream to make.
pub struct WantedStream {
    /// What it is called.
    pub name: Name,
    /// Which log.
    pub log: LogStream,
    /// In which form.
    pub format: StreamFormat,
    /// Where to.
    pub target: StreamTarget,
    /// The credential that the receiver gave out.
    pub token: Option<Exposed>,
    /// From where on.
    pub from: Begin,
}

/// A stream with what is shown once.
pub struct Issued {
    /// The stream.
    pub stream: Stream,
    /// The secret that the receiver checks with; only where it was made here.
    pub shared: Option<Exposed>,
}

/// How a stream's secret is replaced.
pub struct Rotation {
    /// How long the one of before is used beside it.
    pub overlap_ms: Option<i64>,
    /// The new credential that the receiver gave out.
    pub token: Option<Exposed>,
}

pub(super) fn caller(
    tx: &mut TenantTx<'_>,
    factor_at: Option<TimeMs>,
) -> Result<Authority, StreamError> {
    tx.team()
        .settings()?
        .filter(|settings| settings.state == TeamState::Active)
        .ok_or(StreamError::NotFound)?;
    let actor = *tx.scope().actor();
    tx.members().authority(&actor, factor_at)?.ok_or(StreamError::NotFound)
}

/// A secret that is about to be sealed, with what is shown of it.
struct Minted {
    value: Exposed,
    shared: Option<Exposed>,
    public: Option<String>,
}

/// What a stream of this kind proves itself with; `None`: nothing.
fn minted(
    store: &Store,
    target: &StreamTarget,
    token: Option<Exposed>,
) -> Result<Option<Minted>, StreamError> {
    match (target, token) {
        (StreamTarget::Webhook { .. }, None) => {
            let secret = WebhookSecret::new(store.mint().bytes::<SECRET_BYTES>());
            Ok(Some(Minted {
                value: Exposed::copy_of(secret.bytes()),
                shared: Some(Exposed::from_text(secret.shared())),
                public: Some(secret.public()?),
            }))
        }
        (StreamTarget::Splunk { .. } | StreamTarget::S3 { .. }, Some(token)) => {
            let sound = token.expose_text().is_some_and(|text| {
                (1..=limits::STREAM_TOKEN_CHARS_MAX).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_graphic())
            });
            let minted = Minted { value: token, shared: None, public: None };
            if sound { Ok(Some(minted)) } else { Err(Unfit::Token.into()) }
        }
        (StreamTarget::Syslog { .. }, None) => Ok(None),
        _ => Err(Unfit::Token.into()),
    }
}

async fn sealed(
    broker: &Broker,
    scope: &Scope,
    (id, version): (AuditStreamId, u64),
    value: Exposed,
) -> Result<Sealed, StreamError> {
    let records = vec![(secret_name(id, version), value)];
    let mut sealed = broker.seal(Realm::Tenant(scope.tenant()), records).await?;
    sealed.pop().ok_or(StreamError::Broker(BrokerError::Unreachable))
}

/// What the log says about a stream: no secret, and the key that its signatures are checked with.
fn shown(stream: &NewStream) -> serde_json::Value {
    json!({
        "name": stream.name, "log": stream.log, "format": stream.format,
        "target": stream.target, "next_index": stream.next_index,
        "public_key": stream.public_key,
    })
}

/// Makes a stream, which begins at once.
///
/// # Errors
/// [`StreamError`].
pub async fn create(
    (store, broker): (&Store, &Broker),
    scope: &Scope,
    factor_at: Option<TimeMs>,
    wanted: WantedStream,
) -> Result<Committed<Issued>, StreamError> {
    let WantedStream { name, log, format, target, token, from } = wanted;
    target.check()?;
    // Before anything is sealed, so that somebody without the right costs the broker nothing.
    store.read(scope, move |tx| may_manage(tx, factor_at, log)).await?;
    let id: AuditStreamId = store.mint().id();
    let (mut secret, mut public_key, mut shared) = (None, None, None);
    if let Some(minted) = minted(store, &target, token)? {
        secret = Some(sealed(broker, scope, (id, 1), minted.value).await?);
        (public_key, shared) = (minted.public, minted.shared);
    }
    let made = store.write(scope, move |tx| {
        tx.team().lock()?.ok_or(StreamError::NotFound)?;
        may_manage(tx, factor_at, log)?;
        let permit = decide(&caller(tx, factor_at)?, ManageStream { stream: id })?;
        if tx.streams().list()?.len() >= limits::STREAMS_PER_WORKSPACE_MAX {
            return Err(StreamError::TooMany);
        }
        let size = tx.audit().checkpoint(log)?.map_or(0, |newest| newest.size);
        let next_index = match from {
            Begin::Now => size,
            Begin::Index(index) if index <= size => index,
            Begin::Index(_) => return Err(Unfit::Index.into()),
        };
        let new = NewStream { name, log, format, target, public_key, next_index, secret };
        tx.streams().add(permit, &new).map_err(exists)?;
        let event = AuditEvent::new(Verb::AuditStreamCreated, "audit_stream", id);
        let made = tx.streams().find(id)?.ok_or(StreamError::NotFound)?;
        Ok(Commit::audited(event.new_value(shown(&new)), made))
    });
    Ok(made.await?.map(|stream| Issued { stream, shared }))
}

fn may_manage(
    tx: &mut TenantTx<'_>,
    factor_at: Option<TimeMs>,
    log: LogStream,
) -> Result<(), StreamError> {
    let authority = caller(tx, factor_at)?;
    decide(&authority, ManageStream { stream: AuditStreamId::from(uuid::Uuid::nil()) })?;
    decide(&authority, ExportAudit {})?;
    if log == LogStream::Security {
        decide(&authority, ReadSecurity {})?;
    }
    Ok(())
}

fn exists(error: StoreError) -> StreamError {
    match error {
        StoreError::Conflict => StreamError::Exists,
        error => StreamError::Store(error),
    }
}

/// All streams of the workspace, and how they stand.
///
/// # Errors
/// [`StreamError`].
pub async fn list(store: &Store, scope: &Scope) -> Result<Vec<Stream>, StreamError> {
    store
        .read(scope, |tx| {
            decide(&caller(tx, None)?, ReadStreams {})?;
            Ok(tx.streams().list()?)
        })
        .await
}

/// One of them.
///
/// # Errors
/// [`StreamError`].
pub async fn find(store: &Store, scope: &Scope, id: AuditStreamId) -> Result<Stream, StreamError> {
    store
        .read(scope, move |tx| {
            decide(&caller(tx, None)?, ReadStreams {})?;
            tx.streams().find(id)?.ok_or(StreamError::NotFound)
        })
        .await
}

/// Has a stream stand still, or go on.
///
/// # Errors
/// [`StreamError::Exists`]: it stands like that already.
pub async fn stand(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    (id, state): (AuditStreamId, StreamState),
) -> Result<Committed<Stream>, StreamError> {
    store
        .write(scope, move |tx| {
            let permit = decide(&caller(tx, factor_at)?, ManageStream { stream: id })?;
            let before = tx.streams().find(id)?.ok_or(StreamError::NotFound)?;
            if !tx.streams().stand(permit, state)? {
                return Err(StreamError::Exists);
            }
            let verb = match state {
                StreamState::Running => Verb::AuditStreamResumed,
                StreamState::Paused => Verb::AuditStreamPaused,
                StreamState::Disabled => Verb::AuditStreamDisabled,
            };
            let event = AuditEvent::new(verb, "audit_stream", id)
                .old_value(json!({ "name": before.name, "state": before.state }))
                .new_value(json!({ "next_index": before.next_index }));
            let after = tx.streams().find(id)?.ok_or(StreamError::NotFound)?;
            Ok(Commit::audited(event, after))
        })
        .await
}

/// Removes a stream with its secrets.
///
/// # Errors
/// [`StreamError`].
pub async fn remove(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: AuditStreamId,
) -> Result<Committed<()>, StreamError> {
    store
        .write(scope, move |tx| {
            let permit = decide(&caller(tx, factor_at)?, ManageStream { stream: id })?;
            let before = tx.streams().find(id)?.ok_or(StreamError::NotFound)?;
            tx.streams().remove(permit)?;
            let event = AuditEvent::new(Verb::AuditStreamRemoved, "audit_stream", id)
                .old_value(json!({ "name": before.name, "next_index": before.next_index }));
            Ok(Commit::audited(event, ()))
        })
        .await
}

/// Gives a stream a new secret. For the overlap, messages are signed with both.
///
/// # Errors
/// [`StreamError`].
pub async fn rotate(
    (store, broker): (&Store, &Broker),
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: AuditStreamId,
    rotation: Rotation,
) -> Result<Committed<Issued>, StreamError> {
    let Rotation { overlap_ms, token } = rotation;
    let overlap_ms = overlap_ms.unwrap_or(limits::STREAM_OVERLAP_MS_DEFAULT);
    if !(0..=limits::STREAM_OVERLAP_MS_MAX).contains(&overlap_ms) {
        return Err(Unfit::Overlap.into());
    }
    let before = store
        .read(scope, move |tx| {
            decide(&caller(tx, factor_at)?, ManageStream { stream: id })?;
            tx.streams().find(id)?.ok_or(StreamError::NotFound)
        })
        .await?;
    let minted = minted(store, &before.target, token)?.ok_or(Unfit::NoSecret)?;
    let Minted { value, shared, public } = minted;
    let from = before.secret_version;
    let secret = sealed(broker, scope, (id, from + 1), value).await?;
    let rotated = store.write(scope, move |tx| {
        let permit = decide(&caller(tx, factor_at)?, ManageStream { stream: id })?;
        let ends_at = tx.now().plus_ms(overlap_ms);
        if !tx.streams().rotate(permit, (from, ends_at), public.as_deref(), &secret)? {
            return Err(StreamError::Exists);
        }
        let after = tx.streams().find(id)?.ok_or(StreamError::NotFound)?;
        let event = AuditEvent::new(Verb::AuditStreamRotated, "audit_stream", id)
            .old_value(json!({ "public_key": before.public_key, "ends_at_ms": ends_at }))
            .new_value(json!({ "name": after.name, "public_key": after.public_key }));
        Ok(Commit::audited(event, after))
    });
    Ok(rotated.await?.map(|stream| Issued { stream, shared }))
}

//! What streams prove themselves with, opened for a while.
//!
//! Always true
//! 1. A secret is opened through the broker, under a grant that names the stream: the opening is in
//!    the workspace's own log.
//! 2. It is held for [`limits::STREAM_SECRET_HELD_MS`] at most, and only while its versions are the
//!    ones in use: an opening is an entry in the very log that may be sent, so opening it for each
//!    batch would make the next batch, for ever.
//! 3. It is wiped when it is let go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use broker::{
    Broker, BrokerError, DataScope, Exposed, Grant, Purpose, Realm, RecordKind, RecordName, Refusal,
};
use domain::{AuditStreamId, RequestId, TenantId, TimeMs, limits};
use store::{SealedStreamSecret, Store};

/// The name a stream's secret is sealed under.
pub(super) const fn secret_name(id: AuditStreamId, version: u64) -> RecordName {
    let (scope, kind) = (DataScope::Whole, RecordKind::StreamSecret);
    RecordName { scope, kind, id: id.uuid(), version }
}

struct Opened {
    versions: Vec<u64>,
    until: TimeMs,
    values: Arc<Vec<Exposed>>,
}

/// Opened secrets of one process.
#[derive(Default)]
pub(super) struct Held(Mutex<BTreeMap<(TenantId, AuditStreamId), Opened>>);

impl Held {
    /// The secrets of a stream, newest first: held ones, or opened now.
    ///
    /// # Errors
    /// The broker's.
    pub(super) async fn get(
        &self,
        (store, broker): (&Store, &Broker),
        (tenant, id): (TenantId, AuditStreamId),
        sealed: Vec<SealedStreamSecret>,
    ) -> Result<Arc<Vec<Exposed>>, BrokerError> {
        let now = store.mint().now();
        let versions: Vec<u64> = sealed.iter().map(|one| one.version).collect();
        if let Some(values) = self.held((tenant, id), &versions, now) {
            return Ok(values);
        }
        let values = Arc::new(open((store, broker), (tenant, id), sealed).await?);
        let until = now.plus_ms(limits::STREAM_SECRET_HELD_MS);
        let opened = Opened { versions, until, values: Arc::clone(&values) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((tenant, id), opened);
        Ok(values)
    }

    fn held(
        &self,
        of: (TenantId, AuditStreamId),
        versions: &[u64],
        now: TimeMs,
    ) -> Option<Arc<Vec<Exposed>>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, one| now < one.until);
        let found = held.get(&of).filter(|one| one.versions == versions);
        found.map(|one| Arc::clone(&one.values))
    }
}

/// Opens a stream's secrets, newest first.
///
/// # Errors
/// The broker's.
pub(super) async fn open(
    (store, broker): (&Store, &Broker),
    (tenant, id): (TenantId, AuditStreamId),
    sealed: Vec<SealedStreamSecret>,
) -> Result<Vec<Exposed>, BrokerError> {
    if sealed.is_empty() {
        return Ok(Vec::new());
    }
    let request: RequestId = store.mint().id();
    let grant = Grant {
        realm: Realm::Tenant(tenant),
        purpose: Purpose::StreamDelivery,
        actor: format!("audit_stream:{id}"),
        request,
        expires_at: store.mint().now().plus_ms(limits::GRANT_MS),
    };
    let records = sealed.into_iter().map(|one| (secret_name(id, one.version), one.sealed));
    Ok(broker.open(grant, records.collect()).await?.values)
}

/// Whether a secret is lost for good, rather than out of reach for now.
pub(super) const fn is_lost(error: BrokerError) -> bool {
    matches!(
        error,
        BrokerError::CannotOpen(_)
            | BrokerError::Refused(Refusal::RealmShredded | Refusal::RealmUnknown)
    )
}

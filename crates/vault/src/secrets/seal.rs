//! Sealing one version of one secret, before the transaction that writes it.

use broker::{Broker, DataScope, Realm, RecordKind, RecordName};
use domain::{EnvironmentId, Scope, Sealed};
use store::SecretHead;

use super::SecretValue;
use crate::VaultError;

/// The full name of one version: what the envelope is bound to.
pub(super) fn record(environment: EnvironmentId, head: SecretHead) -> RecordName {
    RecordName {
        scope: DataScope::Environment(environment),
        kind: RecordKind::SecretValue,
        id: head.id.uuid(),
        version: head.version,
    }
}

/// Seals `value` as the version that `head` names. Called only after the caller was seen to hold
/// the act, so that nobody else makes the broker mint data keys.
pub(super) async fn seal(
    broker: &Broker,
    scope: &Scope,
    environment: EnvironmentId,
    head: SecretHead,
    value: SecretValue,
) -> Result<Sealed, VaultError> {
    let records = vec![(record(environment, head), value.into_exposed())];
    let sealed = broker.seal(Realm::Tenant(scope.tenant()), records).await?;
    // The client checked that it got as many as it gave.
    sealed.into_iter().next().ok_or(VaultError::Sealing(broker::BrokerError::Unreachable))
}

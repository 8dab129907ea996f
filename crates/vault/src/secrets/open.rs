//! Opening what an entry has already announced.
//!
//! Always true: [`open`] is called after the announcing entry is durable. When the broker opens
//! nothing, the tenant's log gets a second entry that says so; the broker's own journal, which is
//! copied into the same log, shows every opening that was begun.

use broker::{Broker, BrokerError, Exposed, Grant, Purpose, Realm};
use domain::{EnvironmentId, Scope, limits};
use ledger::AuditEvent;
use serde_json::json;
use store::{Commit, SealedSecret, SecretHead, Store};

use super::seal::record;
use crate::VaultError;

/// What is opened, for what, and the event whose second entry tells of a failure.
pub(super) struct Opening {
    pub(super) purpose: Purpose,
    pub(super) environment: EnvironmentId,
    pub(super) secrets: Vec<SealedSecret>,
    pub(super) about: AuditEvent,
}

/// Opens the listed secrets by one grant, in order: all of them or none.
pub(super) async fn open(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    opening: Opening,
) -> Result<Vec<Exposed>, VaultError> {
    let Opening { purpose, environment, secrets, about } = opening;
    let grant = Grant {
        realm: Realm::Tenant(scope.tenant()),
        purpose,
        actor: scope.actor().to_string(),
        request: scope.origin().request,
        expires_at: store.mint().now().plus_ms(limits::GRANT_MS),
    };
    let records = secrets
        .into_iter()
        .map(|one| {
            let head = SecretHead { id: one.id, version: one.version };
            (record(environment, head), one.sealed)
        })
        .collect();
    match broker.open(grant, records).await {
        Ok(opened) => Ok(opened.values),
        Err(fault) => {
            record_failure(store, scope, about, fault).await;
            Err(VaultError::Sealing(fault))
        }
    }
}

/// Best effort: the announcing entry stands already, and the caller gets the broker's answer either
/// way.
async fn record_failure(store: &Store, scope: &Scope, about: AuditEvent, fault: BrokerError) {
    let event = about.new_value(json!({ "outcome": outcome(fault) }));
    let written =
        store.write(scope, move |_| Ok::<_, VaultError>(Commit::audited(event, ()))).await;
    if let Err(error) = written {
        tracing::error!(
            tenant = %scope.tenant(),
            request = %scope.origin().request,
            %error,
            "the entry about a failed opening was not written"
        );
    }
}

/// A stable word for the log. No answer in time is told apart: then the value may have been opened,
/// for nobody.
const fn outcome(fault: BrokerError) -> &'static str {
    match fault {
        BrokerError::Unreachable => "no_answer",
        BrokerError::Refused(_) => "refused",
        BrokerError::CannotOpen(_) => "not_opened",
        BrokerError::JournalBehind => "journal_behind",
        BrokerError::Storage => "broker_storage",
    }
}

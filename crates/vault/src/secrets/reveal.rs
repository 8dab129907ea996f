//! Showing one secret's value to a person, who says why.

use broker::{Broker, Exposed, Purpose};
use domain::authz::{RevealSecret, decide};
use domain::{Reason, Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use store::{Commit, Committed, Store};

use super::SecretPath;
use super::open::{Opening, open};
use crate::{VaultError, access};

/// A value in clear.
pub struct Revealed {
    /// Which version it is.
    pub version: u64,
    /// The value.
    pub value: Exposed,
}

/// Reveals a secret's newest value to a person with a fresh second factor, given at `factor_at`.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Sealing`] (an entry says that
/// nothing was opened), [`VaultError::Store`] (nothing was opened).
pub async fn reveal_secret(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    path: SecretPath,
    reason: Reason,
) -> Result<Committed<Revealed>, VaultError> {
    let environment = path.environment;
    let announced = store
        .write(scope, move |tx| {
            let (authority, _) = access::caller(tx, factor_at)?;
            let SecretPath { project, environment, name } = path.clone();
            let wanted =
                decide(&authority, RevealSecret { project, environment, name })?.into_inner();
            access::environment(tx, wanted.project, wanted.environment)?;
            let secret = tx
                .secrets()
                .sealed(wanted.project, wanted.environment, &wanted.name)?
                .ok_or(VaultError::NotFound)?;
            let event = AuditEvent::new(Verb::SecretRevealed, "secret", secret.id)
                .new_value(path.at_version(secret.version))
                .reason(reason.as_str());
            Ok::<_, VaultError>(Commit::audited(event.clone(), (secret, event)))
        })
        .await?;
    let (secret, about) = announced.value;
    let version = secret.version;
    let opening = Opening { purpose: Purpose::Reveal, environment, secrets: vec![secret], about };
    let value = open(store, broker, scope, opening)
        .await?
        .pop()
        // The client checked that it got as many as it asked for.
        .ok_or(VaultError::Sealing(broker::BrokerError::Unreachable))?;
    Ok(Committed { value: Revealed { version, value }, entries: announced.entries })
}

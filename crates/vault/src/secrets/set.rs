//! Setting a secret for the first time.

use broker::Broker;
use domain::authz::{Permit, SetSecret, decide};
use domain::{Scope, Sealed, UserId};
use ledger::{AuditEvent, Verb};
use store::{Commit, Committed, Secret, SecretHead, Store, StoreError, TenantTx};

use super::seal::seal;
use super::{SecretPath, SecretValue};
use crate::{LimitReached, VaultError, access};

/// How often a value is sealed again because its key was retired before it was written.
const TRIES: usize = 3;

/// A secret to be set.
pub struct NewSecret {
    /// Where, and what it is called.
    pub path: SecretPath,
    /// Its value.
    pub value: SecretValue,
}

/// Sets a secret: version 1 of a name that the environment does not have yet.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Exists`], [`VaultError::Limit`],
/// [`VaultError::Sealing`], [`VaultError::Store`].
pub async fn set_secret(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    new: NewSecret,
) -> Result<Committed<Secret>, VaultError> {
    let NewSecret { path, value } = new;
    let looked = path.clone();
    store.read(scope, move |tx| permit(tx, &looked).map(|_| ())).await?;
    let head = SecretHead { id: store.mint().id(), version: 1 };
    let mut tries = 1..=TRIES;
    loop {
        let last_try = tries.next().is_none_or(|number| number == TRIES);
        let sealed = seal(broker, scope, path.environment, head, value.again()).await?;
        match write(store, scope, path.clone(), head, sealed).await {
            // The key that sealed the value was retired meanwhile; the next one seals it again.
            Err(VaultError::Store(StoreError::Conflict)) if !last_try => {}
            answer => return answer,
        }
    }
}

/// Writes the first version, which was sealed as `head`.
async fn write(
    store: &Store,
    scope: &Scope,
    path: SecretPath,
    head: SecretHead,
    sealed: Sealed,
) -> Result<Committed<Secret>, VaultError> {
    store
        .write(scope, move |tx| {
            access::lock_team(tx)?;
            let (permit, author) = permit(tx, &path)?;
            let (id, now) = (head.id, tx.now());
            // The name is free in this transaction and the team is locked: what conflicts is the
            // fence in front of a retired key.
            tx.secrets().set(permit, id, author, &sealed)?;
            let event = AuditEvent::new(Verb::SecretSet, "secret", id)
                .new_value(path.at_version(head.version));
            let SecretPath { project, environment, name } = path;
            let secret = Secret {
                id,
                project,
                environment,
                name,
                version: head.version,
                created_by: author,
                created_at: now,
                updated_by: author,
                updated_at: now,
            };
            Ok(Commit::audited(event, secret))
        })
        .await
}

/// Everything that speaks against setting this secret, asked before sealing and again in the
/// writing transaction.
fn permit(
    tx: &mut TenantTx<'_>,
    path: &SecretPath,
) -> Result<(Permit<SetSecret>, UserId), VaultError> {
    let authority = access::authority(tx)?;
    let SecretPath { project, environment, name } = path.clone();
    let permit = decide(&authority, SetSecret { project, environment, name })?;
    access::environment(tx, project, environment)?;
    if tx.secrets().head(project, environment, &path.name)?.is_some() {
        return Err(VaultError::Exists);
    }
    LimitReached::Secrets.check(tx.secrets().count(project, environment)?)?;
    Ok((permit, authority.standing.user))
}

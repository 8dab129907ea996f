//! Giving a secret a new version.

use broker::Broker;
use domain::authz::{Permit, RotateSecret, decide};
use domain::{Scope, Sealed};
use ledger::{AuditEvent, Verb};
use store::{Commit, Committed, Secret, SecretHead, Store, StoreError, TenantTx};

use super::seal::seal;
use super::{SecretPath, SecretValue};
use crate::{VaultError, access};

/// How often a rotation that names no version starts again because somebody else was faster.
const TRIES: usize = 3;

/// A new version of a secret.
pub struct Rotation {
    /// Which secret.
    pub path: SecretPath,
    /// Its new value.
    pub value: SecretValue,
    /// The version that the new one must follow; whichever is the newest when absent.
    pub expected: Option<u64>,
}

/// Gives a secret its next version. Two rotations at once never make one version: the slower one
/// seals again for the next version, or is refused when it named the version it follows.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::VersionConflict`],
/// [`VaultError::Sealing`], [`VaultError::Store`].
pub async fn rotate_secret(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    rotation: Rotation,
) -> Result<Committed<Secret>, VaultError> {
    let Rotation { path, value, expected } = rotation;
    let mut tries = 1..=TRIES;
    loop {
        let last_try = tries.next().is_none_or(|number| number == TRIES);
        let looked = path.clone();
        let present =
            store.read(scope, move |tx| Ok::<_, VaultError>(judge(tx, &looked)?.1)).await?;
        if expected.is_some_and(|expected| expected != present.version) {
            return Err(VaultError::VersionConflict { current: present.version });
        }
        let next = SecretHead { id: present.id, version: present.version + 1 };
        let sealed = seal(broker, scope, path.environment, next, value.again()).await?;
        match write(store, scope, path.clone(), next, sealed).await {
            Err(VaultError::VersionConflict { .. }) if expected.is_none() && !last_try => {}
            // The key that sealed the value was retired meanwhile; the next one seals it again.
            Err(VaultError::Store(StoreError::Conflict)) if !last_try => {}
            answer => return answer,
        }
    }
}

/// Writes a version that was sealed as `next`, unless the secret is not where it was when that was
/// done.
async fn write(
    store: &Store,
    scope: &Scope,
    path: SecretPath,
    next: SecretHead,
    sealed: Sealed,
) -> Result<Committed<Secret>, VaultError> {
    store
        .write(scope, move |tx| {
            let (permit, present) = judge(tx, &path)?;
            // The id as well: a secret deleted and set again under the same name is another record,
            // for which these bytes were not sealed.
            if (present.id, present.version + 1) != (next.id, next.version) {
                return Err(VaultError::VersionConflict { current: present.version });
            }
            let author = tx.scope().actor().principal();
            if tx.secrets().rotate(permit, present.version, author, &sealed)? != Some(next) {
                return Err(moved_on(tx, &path)?);
            }
            let event = AuditEvent::new(Verb::SecretRotated, "secret", next.id)
                .old_value(path.at_version(present.version))
                .new_value(path.at_version(next.version));
            let (version, updated_at) = (next.version, tx.now());
            let secret = Secret { version, updated_by: author, updated_at, ..present };
            Ok(Commit::audited(event, secret))
        })
        .await
}

/// Where the secret is by now, for whoever was overtaken inside this very transaction.
fn moved_on(tx: &mut TenantTx<'_>, path: &SecretPath) -> Result<VaultError, VaultError> {
    let head = tx.secrets().head(path.project, path.environment, &path.name)?;
    Ok(head
        .map_or(VaultError::NotFound, |head| VaultError::VersionConflict { current: head.version }))
}

/// The permit and the secret as it is, asked before sealing and again in the writing transaction.
fn judge(
    tx: &mut TenantTx<'_>,
    path: &SecretPath,
) -> Result<(Permit<RotateSecret>, Secret), VaultError> {
    let authority = access::authority(tx)?;
    let SecretPath { project, environment, name } = path.clone();
    let permit = decide(&authority, RotateSecret { project, environment, name })?;
    access::environment(tx, project, environment)?;
    let present = tx.secrets().find(project, environment, &path.name)?;
    Ok((permit, present.ok_or(VaultError::NotFound)?))
}

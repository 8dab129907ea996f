//! Deleting a secret with all its versions.

use domain::Scope;
use domain::authz::{DeleteSecret, decide};
use ledger::{AuditEvent, Verb};
use store::{Commit, Committed, Store};

use super::SecretPath;
use crate::{VaultError, access};

/// Deletes a secret with all its versions.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Store`].
pub async fn delete_secret(
    store: &Store,
    scope: &Scope,
    path: SecretPath,
) -> Result<Committed<()>, VaultError> {
    store
        .write(scope, move |tx| {
            let authority = access::authority(tx)?;
            let SecretPath { project, environment, name } = path.clone();
            let permit = decide(&authority, DeleteSecret { project, environment, name })?;
            access::environment(tx, project, environment)?;
            let deleted = tx.secrets().delete(permit)?.ok_or(VaultError::NotFound)?;
            let event = AuditEvent::new(Verb::SecretDeleted, "secret", deleted.id)
                .old_value(path.at_version(deleted.version));
            Ok(Commit::audited(event, ()))
        })
        .await
}

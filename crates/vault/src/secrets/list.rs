//! Listing an environment's secrets, masked.

use domain::authz::{ListSecrets, decide};
use domain::{EnvironmentId, ProjectId, Scope, SecretId};
use store::{Listing, Page, Secret, Store};

use crate::{VaultError, access};

/// A page of an environment's secrets: names, versions, dates and who, in the order they were first
/// set.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Store`].
pub async fn list_secrets(
    store: &Store,
    scope: &Scope,
    project: ProjectId,
    environment: EnvironmentId,
    page: Page<SecretId>,
) -> Result<Listing<Secret>, VaultError> {
    store
        .read(scope, move |tx| {
            let authority = access::authority(tx)?;
            let wanted = decide(&authority, ListSecrets { project, environment })?.into_inner();
            access::environment(tx, wanted.project, wanted.environment)?;
            Ok(tx.secrets().list(wanted.project, wanted.environment, page)?)
        })
        .await
}

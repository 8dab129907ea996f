//! Listing a project's environments.

use domain::authz::{ReadProject, decide};
use domain::{ProjectId, Scope};
use store::{Environment, Store};

use crate::{VaultError, access};

/// Every environment of a project that the caller reaches, oldest first.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Store`].
pub async fn list_environments(
    store: &Store,
    scope: &Scope,
    project: ProjectId,
) -> Result<Vec<Environment>, VaultError> {
    store
        .read(scope, move |tx| {
            let authority = access::authority(tx)?;
            let wanted = decide(&authority, ReadProject { project })?.into_inner();
            tx.projects().find(wanted.project)?.ok_or(VaultError::NotFound)?;
            Ok(tx.environments().list(wanted.project)?)
        })
        .await
}

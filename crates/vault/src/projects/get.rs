//! Looking at one project.

use domain::authz::{ReadProject, decide};
use domain::{ProjectId, Scope};
use store::{Project, Store};

use crate::{VaultError, access};

/// One project that the caller reaches.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Store`].
pub async fn get_project(
    store: &Store,
    scope: &Scope,
    project: ProjectId,
) -> Result<Project, VaultError> {
    store
        .read(scope, move |tx| {
            let authority = access::authority(tx)?;
            let wanted = decide(&authority, ReadProject { project })?.into_inner();
            tx.projects().find(wanted.project)?.ok_or(VaultError::NotFound)
        })
        .await
}

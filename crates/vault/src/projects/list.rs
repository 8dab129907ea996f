//! Listing the projects somebody reaches.

use domain::authz::{Act, Place};
use domain::{ProjectId, Scope};
use store::{Listing, Page, Project, Store};

use crate::{VaultError, access};

/// A page of the projects that the caller reaches and may see, in the order they were created. A
/// page may hold fewer than its limit while more follow: projects in which `project.read` is denied
/// to the caller are left out of it.
///
/// # Errors
/// [`VaultError::Denied`] when the caller may see no project at all, [`VaultError::Store`].
pub async fn list_projects(
    store: &Store,
    scope: &Scope,
    page: Page<ProjectId>,
) -> Result<Listing<Project>, VaultError> {
    store
        .read(scope, move |tx| {
            let authority = access::authority(tx)?;
            authority.check(Act::ProjectRead, Place::Workspace)?;
            let mut listing = if authority.standing.role.reaches_all_projects() {
                tx.projects().list(page)?
            } else {
                tx.projects().list_joined(authority.standing.user, page)?
            };
            listing.items.retain(|project| {
                authority.check(Act::ProjectRead, Place::Project(project.id)).is_ok()
            });
            Ok(listing)
        })
        .await
}

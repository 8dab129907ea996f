//! Listing the projects somebody reaches.

use domain::authz::{Act, Authority, Place};
use domain::{ProjectId, Scope};
use store::{Listing, Page, Project, Store, TenantTx};

use crate::{VaultError, access};

/// A page of the projects that the caller reaches and may see, in the order they were created. A
/// page may hold fewer than its limit while more follow: projects in which `project.read` is denied
/// to the caller are left out. It is empty only when nothing follows.
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
            let mut listing = reached(tx, &authority, page)?;
            loop {
                let last = listing.items.last().map(|project| project.id);
                listing.items.retain(|project| {
                    authority.check(Act::ProjectRead, Place::Project(project.id)).is_ok()
                });
                match last {
                    Some(last) if listing.items.is_empty() && listing.more => {
                        listing = reached(tx, &authority, Page::after(last, 1))?;
                    }
                    _ => return Ok(listing),
                }
            }
        })
        .await
}

fn reached(
    tx: &mut TenantTx<'_>,
    authority: &Authority,
    page: Page<ProjectId>,
) -> Result<Listing<Project>, VaultError> {
    let listing = if authority.standing.role.reaches_all_projects() {
        tx.projects().list(page)
    } else {
        tx.projects().list_joined(authority.standing.user, page)
    };
    Ok(listing?)
}

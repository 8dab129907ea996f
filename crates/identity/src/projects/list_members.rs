//! Shows who was let into a project.

use domain::authz::{self, ListMembers, ReadProject};
use domain::{ProjectId, Scope, TimeMs, UserId};
use store::{Listing, Page, ProjectMember, Store};

use crate::team::{self, TeamError};

/// The members who were let into `project`, in the order of their ids. Admins and the owner reach
/// it anyway and are listed only when they were let in.
///
/// # Errors
/// [`TeamError`].
pub async fn list_members(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    project: ProjectId,
    page: Page<UserId>,
) -> Result<Listing<ProjectMember>, TeamError> {
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            authz::decide(&actor, ReadProject { project })?;
            authz::decide(&actor, ListMembers {})?;
            tx.projects().find(project)?.ok_or(TeamError::NotVisible)?;
            Ok(tx.projects().members(project, page)?)
        })
        .await
}

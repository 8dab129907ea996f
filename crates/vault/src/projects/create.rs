//! Creating a project.

use domain::authz::{CreateProject, decide};
use domain::{Name, Scope};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Environment, Project, Store, StoreError};

use crate::{LimitReached, VaultError, access};

/// A project as it is born.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProject {
    /// The project.
    pub project: Project,
    /// Its environments: `production`, `preview`, `development`.
    pub environments: Vec<Environment>,
}

/// Creates a project with its first environments. Whoever creates one without reaching every
/// project is not in it until let in.
///
/// # Errors
/// [`VaultError::Denied`], [`VaultError::Exists`], [`VaultError::Limit`], [`VaultError::Store`].
pub async fn create_project(
    store: &Store,
    scope: &Scope,
    name: Name,
) -> Result<Committed<NewProject>, VaultError> {
    store
        .write(scope, move |tx| {
            access::lock_team(tx)?;
            let authority = access::authority(tx)?;
            let permit = decide(&authority, CreateProject { name })?;
            LimitReached::Projects.check(tx.projects().count()?)?;
            let id = tx.mint().id();
            let author = authority.standing.user;
            let project = tx.projects().create(permit, id, author).map_err(taken)?;
            let environments = tx.environments().create_first(id)?;
            let names: Vec<_> = environments.iter().map(|one| one.name.as_str()).collect();
            let event = AuditEvent::new(Verb::ProjectCreated, "project", id)
                .new_value(json!({ "name": project.name.as_str(), "environments": names }));
            Ok(Commit::audited(event, NewProject { project, environments }))
        })
        .await
}

/// The only row a new project can collide with is one of the same name.
fn taken(error: StoreError) -> VaultError {
    match error {
        StoreError::Conflict => VaultError::Exists,
        other => VaultError::Store(other),
    }
}

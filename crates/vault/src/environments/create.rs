//! Creating an environment.

use domain::authz::{CreateEnvironment, decide};
use domain::{Name, ProjectId, Scope};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Environment, Store};

use crate::{LimitReached, VaultError, access};

/// Creates an environment that does not hold production secrets.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Exists`], [`VaultError::Limit`],
/// [`VaultError::Store`].
pub async fn create_environment(
    store: &Store,
    scope: &Scope,
    project: ProjectId,
    name: Name,
) -> Result<Committed<Environment>, VaultError> {
    store
        .write(scope, move |tx| {
            access::lock_team(tx)?;
            let authority = access::authority(tx)?;
            let permit = decide(&authority, CreateEnvironment { project, name: name.clone() })?;
            tx.projects().find(project)?.ok_or(VaultError::NotFound)?;
            let present = tx.environments().list(project)?;
            if present.iter().any(|one| one.name == name) {
                return Err(VaultError::Exists);
            }
            LimitReached::Environments.check(present.len() as u64)?;
            let id = tx.mint().id();
            let environment = tx.environments().create(permit, id)?;
            let event = AuditEvent::new(Verb::EnvironmentCreated, "environment", id)
                .new_value(json!({ "name": name.as_str(), "project": project.to_string() }));
            Ok(Commit::audited(event, environment))
        })
        .await
}

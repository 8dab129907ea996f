//! The facts every use case of this crate starts from: who asks, and whether the place they name
//! exists for them.
//!
//! Always true: nothing in a workspace that is not in use, and nothing for somebody who is not in
//! its team.

use domain::authz::Authority;
use domain::{EnvironmentId, ProjectId, TimeMs};
use store::{Environment, TeamSettings, TeamState, TenantTx};

use crate::VaultError;

/// A moment at which the caller gave a second factor; `None` when none was given (keys and jobs
/// never do).
pub(crate) type FactorAt = Option<TimeMs>;

/// Makes creations in one workspace wait for each other, so that two of them never count the same
/// free place.
pub(crate) fn lock_team(tx: &mut TenantTx<'_>) -> Result<(), VaultError> {
    tx.team().lock()?.map(|_| ()).ok_or(VaultError::NotFound)
}

/// The caller's authority, and the workspace's settings.
pub(crate) fn caller(
    tx: &mut TenantTx<'_>,
    factor_at: FactorAt,
) -> Result<(Authority, TeamSettings), VaultError> {
    let settings = tx
        .team()
        .settings()?
        .filter(|settings| settings.state == TeamState::Active)
        .ok_or(VaultError::NotFound)?;
    let actor = *tx.scope().actor();
    let authority = tx.members().authority(&actor, factor_at)?.ok_or(VaultError::NotFound)?;
    Ok((authority, settings))
}

/// The caller's authority, where neither a factor nor a setting counts.
pub(crate) fn authority(tx: &mut TenantTx<'_>) -> Result<Authority, VaultError> {
    caller(tx, None).map(|(authority, _)| authority)
}

/// An environment of exactly this project: an environment's id under another project's is not
/// found, so that a right in one project opens nothing in another.
pub(crate) fn environment(
    tx: &mut TenantTx<'_>,
    project: ProjectId,
    id: EnvironmentId,
) -> Result<Environment, VaultError> {
    tx.environments().find(project, id)?.ok_or(VaultError::NotFound)
}

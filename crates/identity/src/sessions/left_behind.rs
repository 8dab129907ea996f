//! A session whose workspace is gone.
//!
//! Always true: tokens bound to a deleted workspace open nothing, so a refresh gives such a session
//! tokens of no workspace. Otherwise its holder would be signed out for somebody else's deletion.

use store::{PlatformTx, Session, StoreError, WorkspaceState};

/// The session, out of its workspace if that was deleted.
///
/// # Errors
/// The store's.
pub(super) fn leave_deleted(
    tx: &mut PlatformTx<'_>,
    session: Session,
) -> Result<Session, StoreError> {
    let Some(workspace) = session.workspace else { return Ok(session) };
    let found = tx.workspaces().find(workspace)?;
    if found.is_some_and(|found| found.state != WorkspaceState::Deleted) {
        return Ok(session);
    }
    tx.sessions().enter(session.id, None)?;
    Ok(tx.sessions().find(session.id)?.unwrap_or(session))
}

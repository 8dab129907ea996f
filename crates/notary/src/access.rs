//! Who may read a log.
//!
//! Always true: nothing of a workspace that is not in use, and nothing for somebody who is not in
//! its team.

use domain::authz::{Authority, ReadAudit, ReadSecurity, decide};
use ledger::Stream;
use store::{TeamState, TenantTx};

use crate::NotaryError;

/// Whether this authority reads a log: the security log is an act of its own.
pub(crate) fn may_read(authority: &Authority, stream: Stream) -> Result<(), NotaryError> {
    decide(authority, ReadAudit {})?;
    if stream == Stream::Security {
        decide(authority, ReadSecurity {})?;
    }
    Ok(())
}

/// The caller's authority in the scope's workspace.
pub(crate) fn authority(tx: &mut TenantTx<'_>) -> Result<Authority, NotaryError> {
    tx.team()
        .settings()?
        .filter(|settings| settings.state == TeamState::Active)
        .ok_or(NotaryError::NotFound)?;
    let actor = *tx.scope().actor();
    tx.members().authority(&actor, None)?.ok_or(NotaryError::NotFound)
}

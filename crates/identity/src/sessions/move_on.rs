//! Makes a session move on to new tokens after a sensitive act (ASVS 5.0 7.2.4), in one place for
//! all of them: whatever commits an entry with one of these verbs in a session, moves that session.
//!
//! Always true
//! 1. The session's epoch rises, so tokens handed out from now on are newer. Access tokens of
//!    before end [`limits::SESSION_MOVE_MS`] later: requests under way come to their end.
//! 2. Nobody is signed out: the refresh token is as good as before, and its answer is newer.
//! 3. A re-authentication and the entering of a workspace do not come here: they end the tokens of
//!    before at once, and their answers hold the new ones.

use domain::{RequestId, SessionId, limits};
use ledger::Verb;
use store::{Caller, Commit, EntryRef, QuietReason, StoreError};

use crate::identity::Identity;

/// Whether an act makes the session it was done in move on: it changed who may do what, ended or
/// moved something for good, showed a secret, or changed how somebody proves who they are.
#[must_use]
pub const fn is_sensitive(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::WorkspaceUpdated
            | Verb::WorkspaceDeleted
            | Verb::WorkspaceTransferred
            | Verb::MemberInvited
            | Verb::MemberRoleChanged
            | Verb::MemberOverridesChanged
            | Verb::MemberRemoved
            | Verb::ProjectMemberAdded
            | Verb::ProjectMemberRemoved
            | Verb::SecretRevealed
            | Verb::SecretUsedLocally
            | Verb::KeyCreated
            | Verb::KeyRotated
            | Verb::KeyRevoked
            | Verb::ProviderAdded
            | Verb::ProviderChanged
            | Verb::ProviderRemoved
            | Verb::SignInPolicyChanged
            | Verb::DomainClaimed
            | Verb::DomainProved
            | Verb::DomainRemoved
            | Verb::FactorAdded
            | Verb::FactorRemoved
            | Verb::BackupCodesReplaced
            | Verb::PasswordChanged
            | Verb::IdentityLinked
            | Verb::IdentityUnlinked
            | Verb::StaffAdded
            | Verb::StaffRemoved
    )
}

/// Moves every session in which one of these entries was a sensitive act.
///
/// # Errors
/// The store's: then the tokens of before live out their five minutes.
pub async fn move_on(identity: &Identity, entries: &[EntryRef]) -> Result<(), StoreError> {
    let mut sessions: Vec<SessionId> = entries
        .iter()
        .filter(|entry| is_sensitive(entry.verb))
        .filter_map(|entry| entry.session)
        .collect();
    sessions.sort_unstable();
    sessions.dedup();
    if sessions.is_empty() {
        return Ok(());
    }
    let caller = Caller::system("sessions", identity.store.mint().id::<RequestId>());
    identity
        .store
        .platform_write(&caller, move |tx| {
            let ends_at = tx.now().plus_ms(limits::SESSION_MOVE_MS);
            for session in &sessions {
                if let Some(epoch) = tx.sessions().rise(*session)? {
                    tx.revocations().add_session_end(*session, epoch, ends_at)?;
                }
            }
            Ok::<_, StoreError>(Commit::quiet(QuietReason::SessionMoved, ()))
        })
        .await
        .map(drop)
}

//! Exchanges a refresh token for the next pair of tokens.
//!
//! Always true
//! 1. The generation moves by one compare-and-swap: of any number of parallel refreshes one moves
//!    it, and the others get the same successor, which is computed, not stored. Nothing forks,
//!    nobody is logged out.
//! 2. A token older than the grace allows is a stolen one or its thief's: the session ends, with an
//!    alert.
//!
//! Sources: RFC 9700 section 4.14; the repeated complaint that rotation logs people out.

use broker::{BrokerError, MacPurpose};
use domain::{Origin, SessionId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, PlatformTx, QuietReason, Revoked, Rotation, Session, StoreError,
};

use super::left_behind;
use super::tokens::{self, SessionTokens};
use crate::code;
use crate::dpop::Thumbprint;
use crate::identity::Identity;
use crate::tokens::RefreshToken;

/// Why a refresh token got no successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// It is no refresh token of ours.
    #[error("the refresh token is not valid")]
    Invalid,
    /// Its session is over.
    #[error("the session has ended")]
    Ended,
    /// It was used before: the session was ended, since somebody else may hold it.
    #[error("the refresh token was used before, so its session was ended")]
    Replayed,
    /// The session is bound to a key, and nothing proves that the presenter holds it. The session
    /// stands.
    #[error("the session is bound to a key; send a proof by it")]
    ProofNeeded,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl RefreshError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "auth.invalid",
            Self::Ended | Self::Replayed => "auth.revoked",
            Self::ProofNeeded => "auth.proof_needed",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// The next pair of tokens of a session; the same pair's refresh token again, when the answer to
/// the last refresh was lost less than [`domain::limits::REFRESH_GRACE_MS`] ago.
///
/// # Errors
/// [`RefreshError`].
pub async fn refresh(
    identity: &Identity,
    origin: Origin,
    presented: &str,
) -> Result<Committed<SessionTokens>, RefreshError> {
    refresh_held(identity, origin, presented, None).await
}

/// The same for somebody who proved to hold this key. A session that is bound to a key is refreshed
/// by its holder only; a stolen refresh token alone changes nothing.
///
/// # Errors
/// [`RefreshError`].
pub async fn refresh_held(
    identity: &Identity,
    origin: Origin,
    presented: &str,
    holder: Option<Thumbprint>,
) -> Result<Committed<SessionTokens>, RefreshError> {
    let token = RefreshToken::parse(presented).map_err(|_| RefreshError::Invalid)?;
    let message = RefreshToken::message(token.session(), token.generation());
    if !token.carries(&identity.broker.mac(MacPurpose::Refresh, message).await?) {
        return Err(RefreshError::Invalid);
    }
    let (session, generation) = (token.session(), token.generation());
    let rotated = identity
        .store
        .platform_write(&Caller::anonymous(origin), move |tx| {
            held(tx, session, holder)?;
            let rotation = tx.sessions().rotate(session, generation)?;
            settle(tx, rotation, generation)
        })
        .await?;
    // The end of a replayed session is committed before its holder is told.
    let Committed { value, entries } = rotated;
    let handed = tokens::issue(identity, &value?).await?;
    Ok(Committed { value: handed, entries })
}

/// Whether whoever presents the token holds the key of its session.
fn held(
    tx: &mut PlatformTx<'_>,
    session: SessionId,
    holder: Option<Thumbprint>,
) -> Result<(), RefreshError> {
    let bound_to = tx.sessions().find(session)?.and_then(|session| session.dpop_jkt);
    match bound_to {
        Some(jkt) if holder.is_none_or(|holder| holder.text() != jkt) => {
            Err(RefreshError::ProofNeeded)
        }
        _ => Ok(()),
    }
}

fn settle(
    tx: &mut PlatformTx<'_>,
    rotation: Rotation,
    presented: u64,
) -> Result<Commit<Result<Session, RefreshError>>, RefreshError> {
    match rotation {
        Rotation::Advanced(session) | Rotation::Repeated(session) => {
            let session = left_behind::leave_deleted(tx, session)?;
            Ok(Commit::quiet(QuietReason::SessionRefreshed, Ok(session)))
        }
        Rotation::Ended => Err(RefreshError::Ended),
        Rotation::Replayed(session) => {
            tx.sessions().revoke(session.id)?;
            tx.revocations().add(Revoked::Session { session: session.id, epoch: i64::MAX })?;
            let event = AuditEvent::new(Verb::SessionReuseDetected, "session", session.id)
                .old_value(json!({ "generation": session.generation }))
                .new_value(json!({ "presented": presented, "user": session.user }));
            tracing::warn!(session = %session.id, "an old refresh token came back; session ended");
            Ok(Commit::audited(event, Err(RefreshError::Replayed)))
        }
    }
}

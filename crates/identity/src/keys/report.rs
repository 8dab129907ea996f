//! Revokes a key that somebody found: whoever holds it proves so by presenting it.
//!
//! Always true
//! 1. The answer is one and the same whether the text was a key or not; only the store or the
//!    broker failing is told apart.
//! 2. The key ends in its workspace's own transaction, with the entry; its maker's message follows
//!    in the platform's, under an id made from the key's, so repeating a report sends one.

use broker::BrokerError;
use domain::{NoticeId, Origin};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, NewNotice, NoticeKind, QuietReason, Revoked, StoreError};

use super::ApiKeyText;
use super::presented::{self, Held};
use crate::code;
use crate::identity::Identity;
use crate::principal::AuthRefused;

/// Why a report could not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl ReportError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// Revokes the key with this text, if it is one. In force at once: a key's row is read in every
/// request.
///
/// # Errors
/// [`ReportError`]; reporting it again is harmless.
pub async fn report(identity: &Identity, origin: Origin, text: &str) -> Result<(), ReportError> {
    let Ok(text) = ApiKeyText::parse(text.trim()) else { return Ok(()) };
    let Held { scope, key } = match presented::held(identity, &text, origin).await {
        Ok(held) => held,
        Err(AuthRefused::Sealing(error)) => return Err(error.into()),
        Err(AuthRefused::Store(error)) => return Err(error.into()),
        Err(_) => return Ok(()),
    };
    let (id, digest, creator) = (key.id, key.digest, key.creator);
    if key.revoked_at.is_some() && key.reported_at.is_none() {
        return Ok(());
    }
    if key.revoked_at.is_none() {
        let ended = identity.store.write(&scope, move |tx| {
            if !tx.keys().revoke_presented(id, &digest)? {
                return Err(StoreError::Conflict);
            }
            let event = AuditEvent::new(Verb::KeyReported, "key", id)
                .old_value(json!({ "creator": creator }));
            Ok(Commit::audited(event, ()))
        });
        match ended.await {
            // Another report, or its maker, was faster.
            Ok(_) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let notice = NewNotice {
        id: NoticeId::from(id.uuid()),
        user: creator,
        kind: NoticeKind::KeyReported,
        details: json!({ "key": id, "name": key.name, "workspace": scope.tenant() }),
        sealed: None,
    };
    let told = identity
        .store
        .platform_write(&Caller::from(&scope), move |tx| {
            tx.notices().enqueue(&notice)?;
            tx.revocations().add(Revoked::Key(id))?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await;
    match told {
        // It was written at the first report; or its maker's account is gone.
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

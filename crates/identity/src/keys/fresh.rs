//! A key that is about to exist: its text, its digest, and the pointer that finds its workspace.
//!
//! Always true: the pointer comes first. It may point to nothing; a key is never without one.

use broker::{Broker, MacPurpose};
use domain::{ApiKeyId, Scope};
use store::{Caller, Commit, QuietReason, Store};

use super::ApiKeyText;
use crate::team::TeamError;

/// A text that nobody has seen, and what is kept of it.
pub(super) struct FreshKey {
    pub(super) id: ApiKeyId,
    pub(super) text: ApiKeyText,
    pub(super) digest: [u8; 32],
    pub(super) last_four: String,
}

impl FreshKey {
    /// Makes the text and points to this scope's workspace.
    ///
    /// # Errors
    /// [`TeamError::Sealing`], [`TeamError::Store`].
    pub(super) async fn make(
        store: &Store,
        broker: &Broker,
        scope: &Scope,
    ) -> Result<Self, TeamError> {
        let id: ApiKeyId = store.mint().id();
        let text = ApiKeyText::new(id, store.mint());
        let digest = broker.mac(MacPurpose::ApiKeyPepper, text.digest().to_vec()).await?;
        let (tenant, last_four) = (scope.tenant(), text.last_four());
        store
            .platform_write(&Caller::from(scope), move |tx| {
                tx.key_index().add(id, tenant)?;
                Ok::<_, TeamError>(Commit::quiet(QuietReason::Hint, ()))
            })
            .await?;
        Ok(Self { id, text, digest, last_four })
    }
}

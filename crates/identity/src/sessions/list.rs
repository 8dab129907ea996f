//! Shows a person their live sessions.

use domain::{AccountScope, SessionId};
use store::{Listing, Page, Session};

use super::AccountError;
use super::details::{self, SessionDetails};
use crate::identity::Identity;

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSession {
    /// Its row.
    pub session: Session,
    /// From where and with what it was begun.
    pub details: SessionDetails,
}

/// The caller's live sessions, in the order they began.
///
/// # Errors
/// [`AccountError`].
pub async fn list(
    identity: &Identity,
    account: &AccountScope,
    page: Page<SessionId>,
) -> Result<Listing<SeenSession>, AccountError> {
    let asking = account.clone();
    let Listing { items, more } = identity
        .store
        .platform_read(move |tx| {
            super::own_confined_too(tx, &asking)?;
            Ok::<_, AccountError>(tx.sessions().list(asking.user(), page)?)
        })
        .await?;
    let details = details::opened(identity, account.user(), account.origin(), &items).await?;
    let seen = items.into_iter().zip(details);
    let items = seen.map(|(session, details)| SeenSession { session, details }).collect();
    Ok(Listing { items, more })
}

//! Issues the link and code of the first owner.

use broker::{Broker, BrokerError, MacPurpose};
use domain::{InvitationId, RequestId, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use store::{Caller, Commit, Committed, Store, StoreError};

use crate::ShownOnce;
use crate::code;
use crate::codes::TypedCode;

/// A link for the first owner, and the code that is told apart from it.
#[derive(Debug)]
pub struct IssuedLink {
    /// All that the link holds.
    pub link: InvitationId,
    /// The code, shown once.
    pub code: ShownOnce,
    /// When both end.
    pub expires_at: TimeMs,
}

/// Why no link was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// The installation has its first owner.
    #[error("the first owner has enrolled already")]
    Done,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl BootstrapError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Done => "conflict.exists",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// Issues a link for the first owner; unused ones end with it. For the host's operator: no request
/// reaches this.
///
/// # Errors
/// [`BootstrapError`].
pub async fn issue_bootstrap(
    store: &Store,
    broker: &Broker,
) -> Result<Committed<IssuedLink>, BootstrapError> {
    let link: InvitationId = store.mint().id();
    let code = TypedCode::new(store.mint());
    let digest = broker.mac(MacPurpose::Code, code.message(link.to_bytes())).await?;
    let request: RequestId = store.mint().id();
    let issued = store
        .platform_write(&Caller::system("setup", request), move |tx| {
            if tx.bootstrap().done()? {
                return Err(BootstrapError::Done);
            }
            tx.bootstrap().create(link, digest)?;
            let expires_at = tx.now().plus_ms(limits::BOOTSTRAP_MS);
            let event = AuditEvent::new(Verb::BootstrapIssued, "bootstrap", link);
            Ok(Commit::audited(event, expires_at))
        })
        .await?;
    Ok(issued.map(|expires_at| IssuedLink { link, code: code.shown(), expires_at }))
}

//! Somebody who is signed in lets a device in, or does not.

use broker::BrokerError;
use domain::{AccountScope, DeviceGrantId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Approver, Caller, Commit, Committed, NewNotice, NoticeKind, PlatformTx, Requester, Session,
    StoreError,
};

use crate::code;
use crate::identity::Identity;
use crate::sessions::{self, AccountError};

/// Why a decision did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// No device waits under this id: it was decided before, or is over.
    #[error("no device waits for this decision any more")]
    NotFound,
    /// The session gave its last factor too long ago.
    #[error("letting a device in needs a second factor given a short while ago")]
    FactorNotFresh,
    /// The session was ended a moment ago.
    #[error("the session was ended")]
    Ended,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl DecideError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::FactorNotFresh => "factor.not_fresh",
            Self::Ended => "auth.revoked",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<AccountError> for DecideError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Sealing(error) => Self::Sealing(error),
            AccountError::Store(error) => Self::Store(error),
            AccountError::Ended
            | AccountError::NotVisible
            | AccountError::Confined
            | AccountError::LimitReached { .. } => Self::Ended,
        }
    }
}

/// Lets the device in. It needs a factor given a short while ago.
///
/// # Errors
/// [`DecideError`].
pub async fn approve(
    identity: &Identity,
    account: &AccountScope,
    grant: DeviceGrantId,
) -> Result<Committed<()>, DecideError> {
    let scope = account.clone();
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let now = tx.now();
            let session = sessions::own_confined_too(tx, &scope)?;
            if !sessions::may_approve(&session, now) {
                return Err(DecideError::FactorNotFresh);
            }
            let requester = requester(tx, grant)?;
            let by = Approver { user: session.user, session: session.id, amr: session.amr.clone() };
            if !tx.device_grants().approve(grant, &by)? {
                return Err(DecideError::NotFound);
            }
            tell(tx, &session, &requester)?;
            let event = AuditEvent::new(Verb::DeviceGrantApproved, "device_grant", grant)
                .new_value(json!({ "client": "device", "by_session": session.id }));
            Ok(Commit::audited(event, ()))
        })
        .await
}

/// Does not let the device in.
///
/// # Errors
/// [`DecideError`].
pub async fn deny(
    identity: &Identity,
    account: &AccountScope,
    grant: DeviceGrantId,
) -> Result<Committed<()>, DecideError> {
    let scope = account.clone();
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let session = sessions::own_confined_too(tx, &scope)?;
            if !tx.device_grants().deny(grant)? {
                return Err(DecideError::NotFound);
            }
            let event = AuditEvent::new(Verb::DeviceGrantDenied, "device_grant", grant)
                .new_value(json!({ "by_session": session.id }));
            Ok(Commit::audited(event, ()))
        })
        .await
}

fn requester(tx: &mut PlatformTx<'_>, grant: DeviceGrantId) -> Result<Requester, DecideError> {
    let found = tx.device_grants().find(grant)?.ok_or(DecideError::NotFound)?;
    Ok(found.made.requester)
}

/// Whoever was talked into it learns of it by another way.
fn tell(
    tx: &mut PlatformTx<'_>,
    session: &Session,
    requester: &Requester,
) -> Result<(), StoreError> {
    let id = tx.mint().id();
    tx.notices().enqueue(&NewNotice {
        id,
        user: session.user,
        kind: NoticeKind::DeviceApproved,
        details: json!({
            "label": requester.label, "version": requester.version, "ip": requester.ip,
        }),
        sealed: None,
    })
}

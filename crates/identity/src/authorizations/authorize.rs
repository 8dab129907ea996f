//! Somebody who is signed in lets a command line on their machine in.

use broker::BrokerError;
use domain::{AccountScope, AuthorizationId, ClientLabel, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, NewAuthorization, StoreError};

use super::{Challenge, Loopback};
use crate::ShownOnce;
use crate::code;
use crate::codes::{HandedCode, HandedKind};
use crate::dpop::Thumbprint;
use crate::identity::Identity;
use crate::sessions::{self, AccountError};

/// What the command line asks for, by way of the browser.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it says about its machine and version.
    pub label: ClientLabel,
    /// What whoever redeems the code must answer.
    pub challenge: Challenge,
    /// The key that whoever redeems the code must hold.
    pub holder: Thumbprint,
    /// Where it listens.
    pub listener: Loopback,
}

/// A code on its way to the command line.
#[derive(Debug)]
pub struct Authorized {
    /// The address that the browser goes to, with the code in it.
    pub redirect: ShownOnce,
    /// When the code ends.
    pub expires_at: TimeMs,
}

/// Why no code was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeError {
    /// The session gave its last factor too long ago.
    #[error("letting a client in needs a second factor given a short while ago")]
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

impl AuthorizeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FactorNotFresh => "factor.not_fresh",
            Self::Ended => "auth.revoked",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<AccountError> for AuthorizeError {
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

/// Makes a code for the command line at this listener. It needs a factor given a short while ago.
///
/// # Errors
/// [`AuthorizeError`].
pub async fn authorize(
    identity: &Identity,
    account: &AccountScope,
    asked: Asked,
) -> Result<Committed<Authorized>, AuthorizeError> {
    let Asked { label, challenge, holder, listener } = asked;
    let mint = identity.store.mint();
    let id: AuthorizationId = mint.id();
    let code = HandedCode::new(HandedKind::Authorization, id.uuid(), mint);
    let code_hash = code.digest(identity).await?;
    let scope = account.clone();
    let made = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let now = tx.now();
            let session = sessions::own_confined_too(tx, &scope)?;
            if !sessions::may_approve(&session, now) {
                return Err(AuthorizeError::FactorNotFresh);
            }
            tx.authorizations().create(&NewAuthorization {
                id,
                user: session.user,
                session: session.id,
                code_hash,
                challenge: challenge.as_str().to_owned(),
                dpop_jkt: holder.text(),
                label: label.as_str().to_owned(),
                amr: session.amr,
            })?;
            let event = AuditEvent::new(Verb::DeviceGrantApproved, "authorization", id)
                .new_value(json!({ "client": "cli", "by_session": session.id }));
            Ok(Commit::audited(event, now.plus_ms(limits::AUTHORIZATION_MS)))
        })
        .await?;
    let redirect = listener.with(&code.shown());
    Ok(made.map(|expires_at| Authorized { redirect, expires_at }))
}

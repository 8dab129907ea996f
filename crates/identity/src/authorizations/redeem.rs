//! The command line turns its code into a session of its own.

use broker::BrokerError;
use domain::{AuthorizationId, Origin};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Authorization, Caller, ClientKind, Commit, Committed, StoreError};

use super::Verifier;
use crate::code;
use crate::codes::{HandedCode, same};
use crate::dpop::Thumbprint;
use crate::guard::DeviceToken;
use crate::identity::Identity;
use crate::sessions::{self, Approval, Approved, Birth, Holder, NotBorn, Proof, SessionTokens};

/// What the command line presents.
#[derive(Debug)]
pub struct Redeems {
    /// The code the browser brought.
    pub code: HandedCode,
    /// What it kept of its challenge.
    pub verifier: Verifier,
    /// The key it just proved to hold.
    pub holder: Thumbprint,
    /// The device that it says it is.
    pub device: Option<DeviceToken>,
}

/// Why a code was not redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// The code is none of ours, is over, was redeemed before, or belongs to another challenge or
    /// key.
    #[error("the code is wrong, is over, or was redeemed before")]
    Invalid,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl RedeemError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "auth.invalid",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<NotBorn> for RedeemError {
    fn from(not: NotBorn) -> Self {
        match not {
            NotBorn::FactorUsed => Self::Invalid,
            NotBorn::Store(error) => Self::Store(error),
        }
    }
}

/// Redeems a code for the tokens of a new session, bound to the presenter's key.
///
/// # Errors
/// [`RedeemError`].
pub async fn redeem(
    identity: &Identity,
    origin: Origin,
    presented: Redeems,
) -> Result<Committed<SessionTokens>, RedeemError> {
    let id = AuthorizationId::from(presented.code.row());
    let found = find(identity, id, &presented).await?;
    let made = found.ok_or(RedeemError::Invalid)?.made;
    let approval = Approval::of(Approved::Code(id), made.session, made.amr);
    let holder = Holder {
        client: ClientKind::Cli,
        label: Some(made.label),
        dpop_jkt: Some(made.dpop_jkt),
        device: presented.device,
    };
    let birth = Birth {
        id: identity.store.mint().id(),
        user: made.user,
        workspace: None,
        proof: Proof::Approved(approval.ok_or(RedeemError::Invalid)?),
        device: holder.known_device(identity).await?,
        holder,
    };
    let unborn = birth.prepared(identity, &origin).await?;
    let caller = Caller::account(made.user, unborn.id(), origin);
    let begun = identity
        .store
        .platform_write(&caller, move |tx| {
            let (session, mut events) = unborn.begin(tx)?;
            let redeemed = AuditEvent::new(Verb::AuthorizationRedeemed, "authorization", id);
            events.push(redeemed.new_value(json!({ "session": session.id })));
            Ok::<_, RedeemError>(Commit::audited_all(events, session))
        })
        .await?;
    let handed = sessions::issue_first(identity, &begun.value).await?;
    Ok(begun.map(|_| handed))
}

/// The code's row, when everything that was presented fits it.
async fn find(
    identity: &Identity,
    id: AuthorizationId,
    presented: &Redeems,
) -> Result<Option<Authorization>, RedeemError> {
    let digest = presented.code.digest(identity).await?;
    let row = identity.store.platform_read(move |tx| tx.authorizations().find(id)).await?;
    let now = identity.store.mint().now();
    Ok(row.filter(|row| {
        row.usable(now)
            && same(&digest, &row.made.code_hash)
            && presented.verifier.answers(&row.made.challenge)
            && same(&presented.holder.text(), &row.made.dpop_jkt)
    }))
}

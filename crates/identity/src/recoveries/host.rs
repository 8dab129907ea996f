//! Recovers, on the host, an owner who lost both factors.
//!
//! Always true
//! 1. The operator vouches in the name of a workspace only where the person owns it: there nobody
//!    ranks above them. Every other workspace they are in vouches by its own people.
//! 2. Nothing else is different: the delay, the messages, and any session of theirs that cancels.
//! 3. The reason is in the log of every workspace they are in.
//!
//! Honest limit: whoever rules the host rules the machine the keys are used on. What this gives
//! them is a way that everybody sees.

use broker::{Broker, BrokerError};
use domain::authz::host_vouches;
use domain::{EmailAddress, Origin, Reason, RecoveryId, RequestId, TenantId, UserId};
use serde_json::json;
use store::{Caller, Committed, NewRecovery, NoticeKind, RecoveryState, Store, StoreError};

use super::approve::{Ballot, Vouched, Voucher, count};
use crate::ShownOnce;
use crate::notices;
use crate::sso::at_the_door;

/// Why the operator's word changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostVouchError {
    /// Nobody has this address.
    #[error("nobody here has this address")]
    Nobody,
    /// They have no password: their provider lets them in.
    #[error("they sign in through their provider, and have nothing to recover here")]
    NoPassword,
    /// Somebody ranks above them in every workspace they are in.
    #[error("they own no workspace: whoever ranks above them vouches, in each of theirs")]
    NotOwner,
    /// It was done before, or another command was faster.
    #[error("the host has vouched for them already")]
    Already,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What the operator's word led to.
#[derive(Debug)]
pub struct HostVouched {
    /// The recovery; what the mailed link holds.
    pub recovery: RecoveryId,
    /// Whose account, and when it can be completed.
    pub vouched: Vouched,
    /// The code that was put into the message; `None` while another workspace has to vouch. For
    /// the operator of an installation that sends no mail.
    pub code: Option<ShownOnce>,
}

/// Vouches for the person with this address in every workspace that they own. Begins the recovery
/// when they could not ask themselves.
///
/// # Errors
/// [`HostVouchError`].
pub async fn recover_on_host(
    store: &Store,
    broker: &Broker,
    email: EmailAddress,
    reason: Reason,
) -> Result<Committed<HostVouched>, HostVouchError> {
    let whom = whom(store, email).await?;
    let owned = owned_by(store, whom.user, whom.places).await?;
    if owned.is_empty() {
        return Err(HostVouchError::NotOwner);
    }
    let (id, user, by) = (whom.recovery, whom.user, Voucher::Host(reason));
    let (vote, code) = Ballot { id, user, by }.vote(store, broker, owned).await?;
    let caller = Caller::system("host", store.mint().id::<RequestId>());
    let counted = store
        .platform_write(&caller, move |tx| {
            if tx.recoveries().create(&NewRecovery { id, user })? {
                notices::tell(tx, user, NoticeKind::RecoveryRequested, json!({}))?;
            } else if tx.recoveries().find(id)?.is_none() {
                // Another command began one in the meantime.
                return Err(HostVouchError::Already);
            }
            count(tx, &vote)?.ok_or(HostVouchError::Already)
        })
        .await?;
    Ok(counted.map(|vouched| {
        let code = vouched.opens_at.map(|_| code);
        HostVouched { recovery: id, vouched, code }
    }))
}

/// Somebody who is to be recovered.
struct Whom {
    user: UserId,
    /// The recovery that waits, or the id of the one to begin.
    recovery: RecoveryId,
    /// The workspaces they are in, as far as the platform was told.
    places: Vec<TenantId>,
}

async fn whom(store: &Store, email: EmailAddress) -> Result<Whom, HostVouchError> {
    let new: RecoveryId = store.mint().id();
    store
        .platform_read(move |tx| {
            let user = tx.users().find_by_email(&email)?.ok_or(HostVouchError::Nobody)?;
            if !user.has_password() {
                return Err(HostVouchError::NoPassword);
            }
            let recovery = match tx.recoveries().of_user(user.id)? {
                None => new,
                Some(found) if found.state == RecoveryState::Requested => found.id,
                Some(_) => return Err(HostVouchError::Already),
            };
            let places = tx.memberships().of_user(user.id)?;
            let places = places.into_iter().map(|place| place.workspace).collect();
            Ok(Whom { user: user.id, recovery, places })
        })
        .await
}

/// Those of the workspaces that say themselves that this person owns them.
async fn owned_by(
    store: &Store,
    user: UserId,
    places: Vec<TenantId>,
) -> Result<Vec<TenantId>, StoreError> {
    let origin = Origin { request: store.mint().id(), ip: None, user_agent: None };
    let mut owned = Vec::new();
    for place in places {
        let scope = at_the_door(place, &origin);
        let member = store.read(&scope, move |tx| tx.members().find(user)).await?;
        if member.is_some_and(|member| host_vouches(member.role)) {
            owned.push(place);
        }
    }
    Ok(owned)
}

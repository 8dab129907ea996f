//! A device asks whether it was let in, and begins its session when it was.
//!
//! Always true: an approval is taken up once, in the transaction that begins the session; a device
//! that asks too often waits longer each time.

use broker::BrokerError;
use domain::{DeviceGrantId, Origin, limits};
use store::{
    Approver, Caller, ClientKind, Commit, Committed, DeviceGrant, GrantState, PlatformTx,
    QuietReason, StoreError,
};

use crate::code;
use crate::codes::{HandedCode, same};
use crate::dpop::Thumbprint;
use crate::guard::DeviceToken;
use crate::identity::Identity;
use crate::sessions::{self, Approval, Approved, Birth, Holder, NotBorn, Proof, SessionTokens};

/// Why a device has no session (yet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// Nobody decided yet.
    #[error("nobody has decided yet")]
    Pending,
    /// It asked too soon; it waits this long from now on.
    #[error("asked too soon; wait {interval_s} s between two questions")]
    SlowDown {
        /// Seconds between two questions.
        interval_s: u32,
    },
    /// Somebody did not let it in.
    #[error("the device was not let in")]
    Denied,
    /// Its time is over.
    #[error("the code is over; ask for another one")]
    Expired,
    /// The code is none of ours, belongs to another key, or was redeemed before.
    #[error("the code is wrong, or was redeemed before")]
    Invalid,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl PollError {
    /// The stable code; those of RFC 8628 section 3.5 are its own.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Pending => "authorization_pending",
            Self::SlowDown { .. } => "slow_down",
            Self::Denied => "access_denied",
            Self::Expired => "expired_token",
            Self::Invalid => "auth.invalid",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<NotBorn> for PollError {
    fn from(not: NotBorn) -> Self {
        match not {
            NotBorn::FactorUsed => Self::Invalid,
            NotBorn::Store(error) => Self::Store(error),
        }
    }
}

/// The tokens of the device's own session, once somebody let it in.
///
/// # Errors
/// [`PollError`].
pub async fn redeem(
    identity: &Identity,
    origin: Origin,
    code: HandedCode,
    (holder, device): (Thumbprint, Option<DeviceToken>),
) -> Result<Committed<SessionTokens>, PollError> {
    let id = DeviceGrantId::from(code.row());
    let grant = asked(identity, &origin, id, (code, holder)).await?;
    let Some(Approver { user, session, amr }) = grant.approver else {
        return Err(PollError::Invalid);
    };
    let approval = Approval::of(Approved::Grant(id), session, amr).ok_or(PollError::Invalid)?;
    let requester = grant.made.requester;
    let holder = Holder {
        client: ClientKind::Device,
        label: Some(format!("{} ({})", requester.label, requester.version)),
        dpop_jkt: Some(grant.made.dpop_jkt),
        device,
    };
    let birth = Birth {
        id: identity.store.mint().id(),
        user,
        workspace: None,
        proof: Proof::Approved(approval),
        device: holder.known_device(identity).await?,
        holder,
    };
    let unborn = birth.prepared(identity, &origin).await?;
    let caller = Caller::account(user, unborn.id(), origin);
    let begun = identity
        .store
        .platform_write(&caller, move |tx| {
            let (session, events) = unborn.begin(tx)?;
            Ok::<_, PollError>(Commit::audited_all(events, session))
        })
        .await?;
    let handed = sessions::issue_first(identity, &begun.value).await?;
    Ok(begun.map(|_| handed))
}

/// The approved grant of this code and key; that the device asked is noted.
async fn asked(
    identity: &Identity,
    origin: &Origin,
    id: DeviceGrantId,
    (code, holder): (HandedCode, Thumbprint),
) -> Result<DeviceGrant, PollError> {
    let (digest, jkt) = (code.digest(identity).await?, holder.text());
    let noted = identity
        .store
        .platform_write(&Caller::anonymous(origin.clone()), move |tx| {
            let grant = tx.device_grants().find(id)?.filter(|grant| {
                same(&digest, &grant.made.device_code_hash) && same(&jkt, &grant.made.dpop_jkt)
            });
            let grant = grant.ok_or(PollError::Invalid)?;
            let verdict = judge(tx, grant)?;
            Ok::<_, PollError>(Commit::quiet(QuietReason::GuessCounted, verdict))
        })
        .await?;
    noted.value
}

/// How the grant stands. A device that waits is told so, and that it asked is noted.
fn judge(
    tx: &mut PlatformTx<'_>,
    grant: DeviceGrant,
) -> Result<Result<DeviceGrant, PollError>, PollError> {
    let now = tx.now();
    if now >= grant.expires_at {
        return Ok(Err(PollError::Expired));
    }
    match grant.state {
        GrantState::Denied => Ok(Err(PollError::Denied)),
        GrantState::Redeemed => Ok(Err(PollError::Invalid)),
        GrantState::Approved => Ok(Ok(grant)),
        GrantState::Waiting => {
            let early = now.since_ms(grant.polled_at) < i64::from(grant.interval_s) * 1_000;
            let slower = grant.interval_s.saturating_add(limits::DEVICE_SLOW_DOWN_S);
            let interval_s = if early { slower } else { grant.interval_s };
            let noted = tx.device_grants().note_poll(&grant, interval_s)?;
            if early || !noted {
                return Ok(Err(PollError::SlowDown { interval_s }));
            }
            Ok(Err(PollError::Pending))
        }
    }
}

//! Somebody who is signed in types a code and sees who asks.
//!
//! Always true: a try is counted, and committed, before the code is looked up; the right code takes
//! it back.

use aws_lc_rs::digest;
use broker::BrokerError;
use data_encoding::HEXLOWER;
use domain::{AccountScope, DeviceGrantId, SessionId, TimeMs, limits};
use store::{
    Caller, Commit, DeviceGrant, GrantState, PlatformTx, QuietReason, Requester, StoreError,
};

use crate::code;
use crate::codes::UserCode;
use crate::identity::Identity;
use crate::sessions::{self, AccountError};
use crate::throttle::Throttled;

/// A device that waits, as its approver sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its id, for the decision.
    pub grant: DeviceGrantId,
    /// Who asks.
    pub requester: Requester,
    /// Since when.
    pub asked_at: TimeMs,
    /// Until when a decision counts.
    pub expires_at: TimeMs,
}

/// Why nothing is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// No device waits with this code.
    #[error("no device waits with this code")]
    NotFound,
    /// Too many wrong codes.
    #[error(transparent)]
    Throttled(#[from] Throttled),
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

impl LookError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Throttled(_) => "auth.throttled",
            Self::Ended => "auth.revoked",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<AccountError> for LookError {
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

/// Who waits with this code.
///
/// # Errors
/// [`LookError`].
pub async fn look(
    identity: &Identity,
    account: &AccountScope,
    typed: UserCode,
) -> Result<Seen, LookError> {
    let hash = typed.digest(identity).await?;
    let (scope, caller) = (account.clone(), Caller::from(account));
    let counted = identity
        .store
        .platform_write(&caller, move |tx| {
            sessions::own_confined_too(tx, &scope)?;
            count(tx, scope.session())?;
            let found = tx.device_grants().find_by_user_code(&hash)?;
            let now = tx.now();
            Ok::<_, LookError>(Commit::quiet(
                QuietReason::GuessCounted,
                found.filter(|grant| waits(grant, now)),
            ))
        })
        .await?;
    let grant = counted.value.ok_or(LookError::NotFound)?;
    let session = account.session();
    identity
        .store
        .platform_write(&caller, move |tx| {
            tx.throttle().clear(&subject(session))?;
            Ok::<_, LookError>(Commit::quiet(QuietReason::GuessCounted, ()))
        })
        .await?;
    Ok(Seen {
        grant: grant.made.id,
        requester: grant.made.requester,
        asked_at: grant.created_at,
        expires_at: grant.expires_at,
    })
}

fn waits(grant: &DeviceGrant, now: TimeMs) -> bool {
    grant.state == GrantState::Waiting && now < grant.expires_at
}

/// Counts one more try of this session. Its row stays locked until that is committed.
fn count(tx: &mut PlatformTx<'_>, session: SessionId) -> Result<(), LookError> {
    let (row, now) = (subject(session), tx.now());
    let mut tries = tx.throttle().count(&row)?;
    let wait_ms = tries.blocked_until.since_ms(now);
    if wait_ms > 0 {
        return Err(paused(wait_ms).into());
    }
    if tries.blocked_until.0 > 0 {
        // The pause is over: the session has its tries again.
        tx.throttle().clear(&row)?;
        tries = tx.throttle().count(&row)?;
    }
    if tries.failures >= limits::USER_CODES_WRONG_MAX {
        tx.throttle().block(&row, now.plus_ms(limits::USER_CODE_PAUSE_MS))?;
    }
    Ok(())
}

fn paused(wait_ms: i64) -> Throttled {
    let wait_s = (wait_ms.min(limits::USER_CODE_PAUSE_MS) + 999) / 1_000;
    Throttled { retry_after_s: u32::try_from(wait_s).unwrap_or(u32::MAX) }
}

/// The session's row among the counters of guesses.
fn subject(session: SessionId) -> String {
    let text = [b"user-code ".as_slice(), &session.to_bytes()].concat();
    HEXLOWER.encode(digest::digest(&digest::SHA256, &text).as_ref())
}

//! Removes what ended by the passing of time: sessions, enrolments, passkey challenges,
//! pointers, guesses, revocations, kept answers.
//! Removes what ended by the passing of time: sessions, enrolments, pointers, guesses, revocations,
//! devices, histories of sign-ins, kept answers.
//!
//! Always true: nothing that could still be asked for is removed. Running it twice, or never,
//! changes no answer.

use domain::{RequestId, limits};
use store::{Caller, Commit, QuietReason, Store, StoreError};

use crate::throttle;

/// Revocations matter to tokens that were made before them; this is twice their life.
const REVOCATIONS_KEPT_MS: i64 = 2 * limits::ACCESS_TOKEN_MS;

/// Sweeps the platform's unit once; how many rows went.
///
/// # Errors
/// The store's; then nothing was removed.
pub async fn sweep(store: &Store) -> Result<u64, StoreError> {
    let request: RequestId = store.mint().id();
    let swept = store
        .platform_write(&Caller::system("housekeeping", request), |tx| {
            let now = tx.now();
            let gone = tx.sessions().sweep()?
                + tx.authorizations().sweep()?
                + tx.device_grants().sweep()?
                + tx.enrolments().sweep()?
                + tx.resets().sweep()?
                + tx.totp_replacements().sweep()?
                + tx.recoveries().sweep()?
                + tx.outbox().sweep(now.plus_ms(-limits::NOTICE_KEPT_MS))?
                + tx.passkey_challenges().sweep()?
                + tx.sso_transactions().sweep()?
                + tx.invitation_index().sweep()?
                + tx.throttle().sweep(now.plus_ms(-2 * throttle::QUIET_MS))?
                + tx.revocations().sweep(now.plus_ms(-REVOCATIONS_KEPT_MS))?
                + tx.devices().sweep(now.plus_ms(-limits::DEVICE_UNSEEN_MS_MAX))?
                + tx.sign_in_history().sweep(now.plus_ms(-limits::HISTORY_UNSEEN_MS_MAX))?
                + tx.sign_in_guard().sweep(
                    now.plus_ms(-2 * limits::STUFFING_WINDOW_MS),
                    now.plus_ms(-2 * limits::STUFFING_BASELINE_MS),
                )?
                + tx.session_uses().sweep()?
                + tx.account_events().sweep(now.plus_ms(-limits::SECURITY_LOG_MS))?
                + tx.idempotency().sweep()?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::Expired, gone))
        })
        .await?;
    Ok(swept.value)
}

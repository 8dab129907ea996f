//! The mailed code of a recovery, counted before it is judged.

use aws_lc_rs::constant_time;
use broker::MacPurpose;
use domain::{Origin, RecoveryId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, QuietReason, Recovery, StoreError};

use super::RecoveryError;
use crate::codes::TypedCode;
use crate::identity::Identity;
use crate::throttle::Guess;

/// What the keyed digest of a recovery's code is taken over: no code of another thing is one of a
/// recovery.
pub(super) fn message(code: &TypedCode, recovery: RecoveryId) -> Vec<u8> {
    [b"recovery ".as_slice(), &code.message(recovery.to_bytes())].concat()
}

/// The open recovery that this code belongs to.
///
/// # Errors
/// [`RecoveryError::NotOpen`], [`RecoveryError::Wrong`], [`RecoveryError::Throttled`].
pub(super) async fn opened(
    identity: &Identity,
    origin: &Origin,
    id: RecoveryId,
    code: &TypedCode,
) -> Result<Recovery, RecoveryError> {
    let (caller, from) = (Caller::anonymous(origin.clone()), origin.clone());
    let counted = identity
        .store
        .platform_write(&caller, move |tx| {
            let now = tx.now();
            let found = tx.recoveries().find(id)?.filter(|found| found.open(now));
            let found = found.ok_or(RecoveryError::NotOpen)?;
            let tries = tx.recoveries().count_wrong_code(id)?;
            if tries.is_none_or(|tries| tries > limits::RESET_CODES_MAX) {
                return Err(RecoveryError::NotOpen);
            }
            Guess::of_proof(found.user, &from).admit(tx)?;
            Ok(Commit::quiet(QuietReason::GuessCounted, found))
        })
        .await?
        .value;
    let given = identity.broker.mac(MacPurpose::Code, message(code, id)).await?;
    let kept = counted.code_hash.ok_or(RecoveryError::NotOpen)?;
    if constant_time::verify_slices_are_equal(&given, &kept).is_ok() {
        return Ok(counted);
    }
    refused(identity, origin, &counted, "code").await?;
    Err(RecoveryError::Wrong)
}

/// Records a wrong code, and counts it against its network.
pub(super) async fn refused(
    identity: &Identity,
    origin: &Origin,
    recovery: &Recovery,
    what: &'static str,
) -> Result<(), StoreError> {
    let guess = Guess::of_proof(recovery.user, origin);
    let (id, user) = (recovery.id, recovery.user);
    let caller = Caller::anonymous(origin.clone());
    let recorded = identity.store.platform_write(&caller, move |tx| {
        guess.refused(tx)?;
        let event = AuditEvent::new(Verb::PasswordResetRefused, "user", user)
            .new_value(json!({ "recovery": id, "wrong": what }));
        Ok::<_, StoreError>(Commit::audited(event, ()))
    });
    recorded.await.map(drop)
}

//! Starts the completion of a recovery: the mailed code and a new password for a TOTP seed.

use broker::BrokerError;
use domain::{Origin, RecoveryId};
use store::{Caller, Commit, QuietReason};

use super::{RecoveryError, tried};
use crate::account::NewAuthenticator;
use crate::codes::TypedCode;
use crate::enrolments::shown_seed;
use crate::identity::Identity;
use crate::passwords::{self, Password};
use crate::throttle::Guess;

/// What somebody presents.
pub struct StartRecovery {
    /// The id in the mailed link.
    pub recovery: RecoveryId,
    /// The code beside it.
    pub code: TypedCode,
    /// The password from now on.
    pub password: Password,
}

/// Keeps the new password and makes a seed; both wait for the seed's first code. Nothing of the
/// account changes yet.
///
/// # Errors
/// [`RecoveryError`].
pub async fn start(
    identity: &Identity,
    origin: Origin,
    presented: StartRecovery,
) -> Result<NewAuthenticator, RecoveryError> {
    let StartRecovery { recovery: id, code, password } = presented;
    let place = identity.passwords.place()?;
    let found = tried::opened(identity, &origin, id, &code).await?;
    passwords::check_new(&password, &found.email, identity.breached())?;
    let hash = identity.passwords.hash(place, password).await?.to_phc();
    let (totp, uri) = identity.broker.new_totp(found.user, found.email.as_str()).await?;
    let (totp_uri, totp_secret) =
        shown_seed(uri.expose()).ok_or(RecoveryError::Sealing(BrokerError::Unreachable))?;
    let guess = Guess::of_proof(found.user, &origin);
    identity
        .store
        .platform_write(&Caller::anonymous(origin), move |tx| {
            if !tx.recoveries().prepare(id, &hash, &totp)? {
                return Err(RecoveryError::NotOpen);
            }
            guess.forgive(tx)?;
            tx.recoveries().forgive(id)?;
            Ok(Commit::quiet(QuietReason::EnrolmentStep, ()))
        })
        .await?;
    Ok(NewAuthenticator { totp_uri, totp_secret })
}

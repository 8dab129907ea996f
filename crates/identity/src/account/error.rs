//! Why somebody could not change their own sign-in.

use broker::BrokerError;
use store::StoreError;

use crate::code;
use crate::passwords::{PasswordRefused, PoolError};
use crate::sessions::AccountError;
use crate::throttle::{NotAdmitted, Throttled};

/// Why a change was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The session's second factor was given too long ago.
    #[error("this needs a second factor given a short while ago")]
    FactorNotFresh,
    /// The old password is wrong.
    #[error("the old password is wrong")]
    WrongPassword,
    /// The new authenticator's code is wrong.
    #[error("the code is wrong; check the clock of the device that shows it")]
    WrongCode,
    /// There is no new authenticator that waits for its code, or it is over.
    #[error("no new authenticator waits for its code; start again")]
    NotStarted,
    /// The new password will not do.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// Too many guesses.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Too much hashing at once on this machine.
    #[error(transparent)]
    Passwords(#[from] PoolError),
    /// The session stands on a provider's word that its workspace alone takes.
    #[error("sign in with a factor of your own to do this")]
    Confined,
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

impl ChangeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FactorNotFresh => "factor.not_fresh",
            Self::WrongPassword => "auth.invalid",
            Self::WrongCode => "auth.factor_wrong",
            Self::NotStarted => "not_found",
            Self::Password(_) => "input.invalid",
            Self::Throttled(_) => "auth.throttled",
            Self::Passwords(PoolError::Busy { .. }) => "auth.busy",
            Self::Passwords(PoolError::Failed) => "internal",
            Self::Confined => "session.confined",
            Self::Ended => "auth.revoked",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<NotAdmitted> for ChangeError {
    fn from(not: NotAdmitted) -> Self {
        match not {
            NotAdmitted::Throttled(throttled) => Self::Throttled(throttled),
            NotAdmitted::Store(error) => Self::Store(error),
        }
    }
}

impl From<AccountError> for ChangeError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Sealing(error) => Self::Sealing(error),
            AccountError::Store(error) => Self::Store(error),
            AccountError::Confined => Self::Confined,
            AccountError::Ended | AccountError::NotVisible | AccountError::LimitReached { .. } => {
                Self::Ended
            }
        }
    }
}

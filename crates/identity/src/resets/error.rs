//! Why a password was not reset.

use broker::BrokerError;
use store::StoreError;

use crate::code;
use crate::passwords::{PasswordRefused, PoolError};
use crate::sessions::FactorUnchecked;
use crate::throttle::{NotAdmitted, Throttled};

/// Why a reset was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResetError {
    /// There is no such reset, or it is over.
    #[error("the reset is over; ask for another")]
    Over,
    /// The code or the factor is wrong: which one is not told.
    #[error("the mailed code or the second factor is wrong, or was used before")]
    Wrong,
    /// The new password will not do.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// Too many tries.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Too much hashing at once on this machine.
    #[error(transparent)]
    Passwords(#[from] PoolError),
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl ResetError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Over => "not_found",
            Self::Wrong => "auth.invalid",
            Self::Password(_) => "input.invalid",
            Self::Throttled(_) => "auth.throttled",
            Self::Passwords(PoolError::Busy { .. }) => "auth.busy",
            Self::Passwords(PoolError::Failed) => "internal",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<NotAdmitted> for ResetError {
    fn from(not: NotAdmitted) -> Self {
        match not {
            NotAdmitted::Throttled(throttled) => Self::Throttled(throttled),
            NotAdmitted::Store(error) => Self::Store(error),
        }
    }
}

impl From<FactorUnchecked> for ResetError {
    fn from(unchecked: FactorUnchecked) -> Self {
        match unchecked {
            FactorUnchecked::Sealing(error) => Self::Sealing(error),
            FactorUnchecked::Store(error) => Self::Store(error),
        }
    }
}

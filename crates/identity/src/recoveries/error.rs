//! Why an account was not recovered.

use broker::BrokerError;
use store::StoreError;

use crate::code;
use crate::passwords::{PasswordRefused, PoolError};
use crate::throttle::{NotAdmitted, Throttled};

/// Why a step of somebody who lost both factors was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// There is no such recovery, it is not approved, its delay is not over, or it has ended.
    #[error("the recovery is not open: it waits for its delay, or is over")]
    NotOpen,
    /// The code is wrong.
    #[error("the code is wrong")]
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

impl RecoveryError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOpen => "not_found",
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

impl From<NotAdmitted> for RecoveryError {
    fn from(not: NotAdmitted) -> Self {
        match not {
            NotAdmitted::Throttled(throttled) => Self::Throttled(throttled),
            NotAdmitted::Store(error) => Self::Store(error),
        }
    }
}

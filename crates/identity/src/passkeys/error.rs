//! Why an act on passkeys failed.

use broker::BrokerError;
use store::StoreError;

use crate::code;
use crate::sessions::AccountError;

/// Why an act on one's own passkeys failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The session the request came in was ended a moment ago.
    #[error("the session was ended")]
    Ended,
    /// The session stands on a provider's word that its workspace alone takes.
    #[error("sign in with a factor of your own to do this")]
    Confined,
    /// There is no such passkey, or it is somebody else's.
    #[error("there is no such passkey, or it is not visible to the caller")]
    NotVisible,
    /// The last factor was given too long ago.
    #[error("this needs a second factor given a short while ago")]
    FactorNotFresh,
    /// The person has as many as they may.
    #[error("a person has at most {max} passkeys")]
    LimitReached {
        /// How many.
        max: usize,
    },
    /// The challenge is over or for something else, or what the authenticator sent is not an answer
    /// to it.
    #[error("the challenge is over, or this is not its answer")]
    Refused,
    /// The authenticator's key is registered already.
    #[error("this passkey is registered already")]
    Exists,
    /// Staff registers hardware, and nothing the operator trusts says that this is.
    #[error("staff registers passkeys that live in hardware of a trusted vendor")]
    NotHardware,
    /// Staff keeps one: without it they could not work, and nobody could tell why.
    #[error("a member of the staff keeps at least one passkey")]
    LastOfStaff,
    /// Passkeys belong to a name, and this instance is reached by a bare address.
    #[error("this instance has no name in its URL, so passkeys cannot be used")]
    Unavailable,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl PasskeyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ended => "auth.revoked",
            Self::Confined => "session.confined",
            Self::NotVisible => "not_found",
            Self::FactorNotFresh => "factor.not_fresh",
            Self::LimitReached { .. } => "limit.reached",
            Self::Refused => "passkey.refused",
            Self::Exists => "conflict.exists",
            Self::NotHardware => "passkey.not_hardware",
            Self::LastOfStaff => "passkey.last_of_staff",
            Self::Unavailable => "passkey.unavailable",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<AccountError> for PasskeyError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Ended => Self::Ended,
            AccountError::Confined => Self::Confined,
            AccountError::NotVisible => Self::NotVisible,
            AccountError::LimitReached { max, .. } => Self::LimitReached { max },
            AccountError::Sealing(error) => Self::Sealing(error),
            AccountError::Store(error) => Self::Store(error),
        }
    }
}

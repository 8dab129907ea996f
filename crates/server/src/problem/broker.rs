//! The key broker's failures. Which rule a request of ours broke is our mistake, not the caller's.

use ::broker::BrokerError;

use super::{Code, Problem, Refusal};

impl Refusal for BrokerError {
    const CODES: &'static [Code] = &[Code::SealingUnavailable, Code::Internal];

    fn problem(self) -> Problem {
        match self {
            Self::Unreachable | Self::JournalBehind | Self::Storage => {
                tracing::error!(error = %self, "the key broker does not work");
                Problem::new(Code::SealingUnavailable).retry_after_ms(1_000)
            }
            Self::Refused(_) | Self::CannotOpen(_) => Problem::internal(&self),
        }
    }
}

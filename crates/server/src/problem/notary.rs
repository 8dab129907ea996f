//! The log, its proofs and its export.

use ::broker::BrokerError;
use ::domain::authz::Denied;
use ::notary::NotaryError;
use ::store::StoreError;

use super::{Code, Problem, Refusal};

impl Refusal for NotaryError {
    const CODES: &'static [Code] =
        &[Code::NotFound, Code::LogDropped, Code::LimitReached, Code::StorageUnavailable];
    const INNER: &'static [&'static [Code]] =
        &[Denied::CODES, BrokerError::CODES, StoreError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Code::NotFound),
            Self::Denied(denied) => denied.problem(),
            Self::Dropped { .. } => Problem::new(Code::LogDropped).detail(self),
            Self::Crowded => Problem::new(Code::LimitReached).detail(self),
            Self::Raced => Problem::new(Code::StorageUnavailable).retry_after_ms(1_000),
            Self::Damaged(_) | Self::Unexportable(_) => Problem::internal(&self),
            Self::Broker(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

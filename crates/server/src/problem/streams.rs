//! Streams of a workspace's logs.

use ::broker::BrokerError;
use ::domain::authz::Denied;
use ::notary::streams::{StreamError, Unfit};
use ::store::StoreError;

use super::{Code, Problem, Refusal};

impl Refusal for StreamError {
    const CODES: &'static [Code] =
        &[Code::NotFound, Code::InputInvalid, Code::ConflictExists, Code::LimitReached];
    const INNER: &'static [&'static [Code]] =
        &[Denied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Code::NotFound),
            Self::Denied(denied) => denied.problem(),
            Self::Unfit(unfit) => Problem::invalid(field(unfit), unfit),
            Self::Exists => Problem::new(Code::ConflictExists).detail(self),
            Self::TooMany => Problem::new(Code::LimitReached).detail(self),
            Self::Broker(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

const fn field(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Target(_) => "target",
        Unfit::Token | Unfit::NoSecret => "token",
        Unfit::Index => "from_index",
        Unfit::Overlap => "overlap_ms",
    }
}

//! Proofs of possession, and the two ways for a browser to let the command line in.

use ::broker::BrokerError;
use ::identity::authorizations::{AuthorizeError, RedeemError};
use ::identity::device_grants::{DecideError, LookError, PollError, RequestError};
use ::identity::dpop::ProofRefused;
use ::store::StoreError;

use super::identity::wait;
use super::{Code, Problem, Refusal};

const OUTSIDE: &[&[Code]] = &[StoreError::CODES, BrokerError::CODES];
const BY_PROOF: &[&[Code]] = &[ProofRefused::CODES, StoreError::CODES, BrokerError::CODES];

impl Refusal for ProofRefused {
    const CODES: &'static [Code] = &[Code::AuthProofInvalid, Code::AuthBusy];

    fn problem(self) -> Problem {
        match self {
            Self::Crowded => Problem::new(Code::AuthBusy).retry_after_ms(1_000),
            Self::Malformed
            | Self::OtherRequest
            | Self::OtherToken
            | Self::OtherKey
            | Self::NotNow
            | Self::Replayed => Problem::new(Code::AuthProofInvalid).detail(self),
        }
    }
}

impl Refusal for AuthorizeError {
    const CODES: &'static [Code] = &[Code::FactorNotFresh, Code::AuthRevoked];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::FactorNotFresh => Problem::new(Code::FactorNotFresh).detail(self),
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for RedeemError {
    const CODES: &'static [Code] = &[Code::AuthInvalid, Code::AuthProofNeeded];
    const INNER: &'static [&'static [Code]] = BY_PROOF;

    fn problem(self) -> Problem {
        match self {
            Self::Invalid => Problem::new(Code::AuthInvalid).detail(self),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for RequestError {
    const CODES: &'static [Code] = &[Code::AuthBusy];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Crowded => Problem::new(Code::AuthBusy).detail(self).retry_after_ms(60_000),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for LookError {
    const CODES: &'static [Code] = &[Code::NotFound, Code::AuthThrottled, Code::AuthRevoked];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Code::NotFound).detail(self),
            Self::Throttled(throttled) => wait(&throttled),
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for DecideError {
    const CODES: &'static [Code] = &[Code::NotFound, Code::FactorNotFresh, Code::AuthRevoked];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Code::NotFound).detail(self),
            Self::FactorNotFresh => Problem::new(Code::FactorNotFresh).detail(self),
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for PollError {
    const CODES: &'static [Code] = &[
        Code::AuthorizationPending,
        Code::SlowDown,
        Code::AccessDenied,
        Code::ExpiredToken,
        Code::AuthInvalid,
        Code::AuthProofNeeded,
    ];
    const INNER: &'static [&'static [Code]] = BY_PROOF;

    fn problem(self) -> Problem {
        match self {
            Self::Pending => Problem::new(Code::AuthorizationPending),
            Self::SlowDown { interval_s } => Problem {
                retry_after_s: Some(u64::from(interval_s)),
                ..Problem::new(Code::SlowDown).detail(self)
            },
            Self::Denied => Problem::new(Code::AccessDenied),
            Self::Expired => Problem::new(Code::ExpiredToken).detail(self),
            Self::Invalid => Problem::new(Code::AuthInvalid).detail(self),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

//! Changing one's own sign-in, resets and recoveries.

use ::broker::BrokerError;
use ::identity::account::ChangeError;
use ::identity::recoveries::RecoveryError;
use ::identity::resets::ResetError;
use ::store::StoreError;

use super::identity::{pool, wait};
use super::{Code, Problem, Refusal};

const OUTSIDE: &[&[Code]] = &[StoreError::CODES, BrokerError::CODES];

impl Refusal for ChangeError {
    const CODES: &'static [Code] = &[
        Code::FactorNotFresh,
        Code::SessionConfined,
        Code::AuthInvalid,
        Code::AuthFactorWrong,
        Code::AuthThrottled,
        Code::AuthBusy,
        Code::AuthRevoked,
        Code::NotFound,
        Code::InputInvalid,
    ];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::FactorNotFresh => Problem::new(Code::FactorNotFresh),
            Self::Confined => Problem::new(Code::SessionConfined).detail(self),
            Self::WrongPassword => Problem::new(Code::AuthInvalid).detail(self),
            Self::WrongCode => Problem::new(Code::AuthFactorWrong).detail(self),
            Self::NotStarted => Problem::new(Code::NotFound).detail(self),
            Self::Password(refused) => Problem::invalid("new_password", refused),
            Self::Throttled(throttled) => wait(&throttled),
            Self::Passwords(error) => pool(error),
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for ResetError {
    const CODES: &'static [Code] = &[
        Code::NotFound,
        Code::AuthInvalid,
        Code::AuthThrottled,
        Code::AuthBusy,
        Code::InputInvalid,
    ];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Over => Problem::new(Code::NotFound).detail(self),
            // One answer for both, or the factor could be guessed by itself.
            Self::Wrong => Problem::new(Code::AuthInvalid).detail(self),
            Self::Password(refused) => Problem::invalid("new_password", refused),
            Self::Throttled(throttled) => wait(&throttled),
            Self::Passwords(error) => pool(error),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for RecoveryError {
    const CODES: &'static [Code] = ResetError::CODES;
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::NotOpen => Problem::new(Code::NotFound).detail(self),
            Self::Wrong => Problem::new(Code::AuthInvalid).detail(self),
            Self::Password(refused) => Problem::invalid("new_password", refused),
            Self::Throttled(throttled) => wait(&throttled),
            Self::Passwords(error) => pool(error),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

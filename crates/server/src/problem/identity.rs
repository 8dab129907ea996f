//! Sign-in, accounts and teams.

use ::broker::BrokerError;
use ::domain::authz::{Denied, RankDenied};
use ::identity::enrolments::{ConfirmError, StartEnrolmentError};
use ::identity::invitations::AcceptError;
use ::identity::keys::ReportError;
use ::identity::passwords::PoolError;
use ::identity::sessions::{AccountError, EnterError, RefreshError, SignInError, StepUpError};
use ::identity::throttle::Throttled;
use ::identity::{AuthRefused, TeamError};
use ::store::StoreError;

use super::{Code, Problem, Refusal};

const OUTSIDE: &[&[Code]] = &[StoreError::CODES, BrokerError::CODES];

impl Refusal for TeamError {
    const CODES: &'static [Code] =
        &[Code::NotFound, Code::LimitReached, Code::ConflictExists, Code::InputInvalid];
    const INNER: &'static [&'static [Code]] =
        &[RankDenied::CODES, Denied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::NotVisible => Problem::new(Code::NotFound),
            Self::Refused(denied) => denied.problem(),
            Self::LimitReached { .. } => Problem::new(Code::LimitReached).detail(self),
            Self::Exists => Problem::new(Code::ConflictExists),
            Self::Bound { field, rule } => Problem::invalid(field, rule),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for ReportError {
    const CODES: &'static [Code] = &[];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for AuthRefused {
    const CODES: &'static [Code] = &[Code::AuthInvalid, Code::AuthExpired, Code::AuthRevoked];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Invalid => Problem::new(Code::AuthInvalid),
            Self::Expired => Problem::new(Code::AuthExpired),
            Self::Revoked => Problem::new(Code::AuthRevoked),
            Self::Blind => Problem::new(Code::StorageUnavailable).retry_after_ms(1_000),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for AccountError {
    const CODES: &'static [Code] = &[Code::AuthRevoked, Code::NotFound, Code::LimitReached];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::NotVisible => Problem::new(Code::NotFound),
            Self::LimitReached { .. } => Problem::new(Code::LimitReached).detail(self),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for EnterError {
    const CODES: &'static [Code] = &[Code::AuthRevoked, Code::NotFound];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::NotVisible => Problem::new(Code::NotFound),
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for SignInError {
    const CODES: &'static [Code] =
        &[Code::AuthInvalid, Code::AuthThrottled, Code::AuthBusy, Code::NotFound];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            // One answer for all three, or the address could be guessed by itself.
            Self::Wrong => Problem::new(Code::AuthInvalid).detail(self),
            Self::Throttled(throttled) => wait(&throttled),
            Self::Passwords(error) => pool(error),
            Self::WorkspaceNotVisible => Problem::new(Code::NotFound),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for StepUpError {
    const CODES: &'static [Code] = &[Code::AuthFactorWrong, Code::AuthThrottled, Code::AuthRevoked];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Wrong => Problem::new(Code::AuthFactorWrong),
            Self::Throttled(throttled) => wait(&throttled),
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for RefreshError {
    const CODES: &'static [Code] = &[Code::AuthInvalid, Code::AuthRevoked];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Invalid => Problem::new(Code::AuthInvalid),
            Self::Ended | Self::Replayed => Problem::new(Code::AuthRevoked).detail(self),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for StartEnrolmentError {
    const CODES: &'static [Code] =
        &[Code::NotFound, Code::InputInvalid, Code::ConflictExists, Code::AuthBusy];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::NotOpened => Problem::new(Code::NotFound).detail(self),
            Self::Password(refused) => Problem::invalid("password", refused),
            Self::Exists => Problem::new(Code::ConflictExists).detail(self),
            Self::Passwords(error) => pool(error),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for ConfirmError {
    const CODES: &'static [Code] = &[Code::AuthFactorWrong, Code::NotFound, Code::ConflictExists];
    const INNER: &'static [&'static [Code]] =
        &[RankDenied::CODES, Denied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::Wrong => Problem::new(Code::AuthFactorWrong).detail(self),
            Self::Over => Problem::new(Code::NotFound).detail(self),
            Self::Refused(denied) => denied.problem(),
            Self::Exists => Problem::new(Code::ConflictExists).detail(self),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for AcceptError {
    const CODES: &'static [Code] = &[Code::NotFound, Code::ConflictExists, Code::LimitReached];
    const INNER: &'static [&'static [Code]] =
        &[RankDenied::CODES, Denied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::NotOpened => Problem::new(Code::NotFound).detail(self),
            Self::Exists => Problem::new(Code::ConflictExists).detail(self),
            Self::Refused(denied) => denied.problem(),
            Self::Full => Problem::new(Code::LimitReached).detail(self),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

fn wait(throttled: &Throttled) -> Problem {
    Problem {
        retry_after_s: Some(u64::from(throttled.retry_after_s)),
        ..Problem::new(Code::AuthThrottled)
    }
}

fn pool(error: PoolError) -> Problem {
    match error {
        PoolError::Busy { retry_after_s } => Problem {
            retry_after_s: Some(u64::from(retry_after_s)),
            ..Problem::new(Code::AuthBusy)
        },
        PoolError::Failed => Problem::internal(&error),
    }
}

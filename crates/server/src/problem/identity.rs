//! Sign-in, accounts and teams.

use ::broker::BrokerError;
use ::domain::authz::{Denied, RankDenied};
use ::domain::sign_in::EntryDenied;
use ::identity::dpop::ProofRefused;
use ::identity::enrolments::{ConfirmError, StartEnrolmentError};
use ::identity::invitations::AcceptError;
use ::identity::keys::ReportError;
use ::identity::passkeys::PasskeyError;
use ::identity::passwords::PoolError;
use ::identity::sessions::{AccountError, EnterError, RefreshError, SignInError, StepUpError};
use ::identity::staff::StaffError;
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
    const CODES: &'static [Code] =
        &[Code::AuthInvalid, Code::AuthExpired, Code::AuthRevoked, Code::AuthProofNeeded];
    const INNER: &'static [&'static [Code]] =
        &[ProofRefused::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::Invalid => Problem::new(Code::AuthInvalid),
            Self::Expired => Problem::new(Code::AuthExpired),
            Self::Revoked => Problem::new(Code::AuthRevoked),
            Self::ProofNeeded => Problem::new(Code::AuthProofNeeded).detail(self),
            Self::Proof(refused) => refused.problem(),
            Self::Blind => Problem::new(Code::StorageUnavailable).retry_after_ms(1_000),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for AccountError {
    const CODES: &'static [Code] =
        &[Code::AuthRevoked, Code::NotFound, Code::SessionConfined, Code::LimitReached];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::NotVisible => Problem::new(Code::NotFound),
            Self::Confined => Problem::new(Code::SessionConfined).detail(self),
            Self::LimitReached { .. } => Problem::new(Code::LimitReached).detail(self),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for EnterError {
    const CODES: &'static [Code] =
        &[Code::AuthRevoked, Code::NotFound, Code::WorkspaceDeviceRefused];
    const INNER: &'static [&'static [Code]] =
        &[EntryDenied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::DeviceRefused => Problem::new(Code::WorkspaceDeviceRefused).detail(self),
            Self::NotVisible => Problem::new(Code::NotFound),
            Self::Denied(denied) => denied.problem(),
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for SignInError {
    const CODES: &'static [Code] = &[
        Code::AuthInvalid,
        Code::AuthThrottled,
        Code::AuthChallenge,
        Code::AuthBusy,
        Code::NotFound,
    ];
    const INNER: &'static [&'static [Code]] =
        &[ProofRefused::CODES, EntryDenied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::Challenge(challenge) => Problem::new(Code::AuthChallenge).challenge(&challenge),
            // One answer for all three, or the address could be guessed by itself.
            Self::Wrong => Problem::new(Code::AuthInvalid).detail(self),
            Self::Throttled(throttled) => wait(&throttled),
            Self::Passwords(error) => pool(error),
            Self::WorkspaceNotVisible => Problem::new(Code::NotFound),
            Self::Denied(denied) => denied.problem(),
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

impl Refusal for PasskeyError {
    const CODES: &'static [Code] = &[
        Code::AuthRevoked,
        Code::SessionConfined,
        Code::NotFound,
        Code::FactorNotFresh,
        Code::LimitReached,
        Code::PasskeyRefused,
        Code::ConflictExists,
        Code::PasskeyNotHardware,
        Code::PasskeyLastOfStaff,
        Code::PasskeyUnavailable,
    ];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::Confined => Problem::new(Code::SessionConfined).detail(self),
            Self::NotVisible => Problem::new(Code::NotFound),
            Self::FactorNotFresh => Problem::new(Code::FactorNotFresh),
            Self::LimitReached { .. } => Problem::new(Code::LimitReached).detail(self),
            Self::Refused => Problem::new(Code::PasskeyRefused),
            Self::Exists => Problem::new(Code::ConflictExists).detail(self),
            Self::NotHardware => Problem::new(Code::PasskeyNotHardware),
            Self::LastOfStaff => Problem::new(Code::PasskeyLastOfStaff),
            Self::Unavailable => Problem::new(Code::PasskeyUnavailable),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for StaffError {
    const CODES: &'static [Code] = &[
        Code::AuthRevoked,
        Code::NotFound,
        Code::StaffPasskeyNeeded,
        Code::StaffHardwareNeeded,
        Code::FactorNotFresh,
    ];
    const INNER: &'static [&'static [Code]] = &[StoreError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::Ended => Problem::new(Code::AuthRevoked),
            Self::NotStaff => Problem::new(Code::NotFound),
            Self::PasskeyNeeded => Problem::new(Code::StaffPasskeyNeeded),
            Self::HardwareNeeded => Problem::new(Code::StaffHardwareNeeded),
            Self::FactorNotFresh => Problem::new(Code::FactorNotFresh),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for RefreshError {
    const CODES: &'static [Code] = &[
        Code::AuthInvalid,
        Code::AuthMissing,
        Code::AuthRevoked,
        Code::AuthProofNeeded,
        Code::AuthProofInvalid,
        Code::AuthBusy,
    ];
    const INNER: &'static [&'static [Code]] = OUTSIDE;

    fn problem(self) -> Problem {
        match self {
            Self::Invalid => Problem::new(Code::AuthInvalid),
            Self::Ended | Self::Replayed => Problem::new(Code::AuthRevoked).detail(self),
            Self::ProofNeeded => Problem::new(Code::AuthProofNeeded).detail(self),
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

pub(super) fn wait(throttled: &Throttled) -> Problem {
    Problem {
        retry_after_s: Some(u64::from(throttled.retry_after_s)),
        ..Problem::new(Code::AuthThrottled)
    }
}

pub(super) fn pool(error: PoolError) -> Problem {
    match error {
        PoolError::Busy { retry_after_s } => Problem {
            retry_after_s: Some(u64::from(retry_after_s)),
            ..Problem::new(Code::AuthBusy)
        },
        PoolError::Failed => Problem::internal(&error),
    }
}

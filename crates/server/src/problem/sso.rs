//! Single sign-on.

use ::broker::BrokerError;
use ::domain::authz::{Denied, RankDenied};
use ::domain::sign_in::EntryDenied;
use ::identity::TeamError;
use ::identity::invitations::AcceptError;
use ::identity::sso::{ManageError, SsoError};
use ::store::StoreError;

use super::identity::wait;
use super::{Code, Problem, Refusal};

impl Refusal for EntryDenied {
    const CODES: &'static [Code] =
        &[Code::SsoNeeded, Code::SsoProviderNotTaken, Code::SsoFactorNotCounted];

    fn problem(self) -> Problem {
        let code = match self {
            Self::SsoNeeded => Code::SsoNeeded,
            Self::ProviderNotTaken => Code::SsoProviderNotTaken,
            Self::FactorNotCounted => Code::SsoFactorNotCounted,
        };
        let problem = Problem::new(code);
        match self {
            Self::SsoNeeded => problem.detail(
                "this workspace is entered through its identity provider: begin with \
                 POST /v1/sso/transactions and this workspace's id",
            ),
            Self::ProviderNotTaken | Self::FactorNotCounted => problem.detail(self),
        }
    }
}

impl Refusal for SsoError {
    const CODES: &'static [Code] = &[
        Code::NotFound,
        Code::SsoTransactionInvalid,
        Code::SsoProviderFailed,
        Code::SsoProviderNotPublic,
        Code::SsoProviderRefused,
        Code::SsoIssuerMixed,
        Code::SsoTokenRefused,
        Code::SsoTenantRefused,
        Code::SsoEmailUnverified,
        Code::SsoAccountExists,
        Code::SsoNoAccount,
        Code::SsoOnlyWayIn,
        Code::SsoIdentityOther,
        Code::SessionConfined,
        Code::ConflictExists,
        Code::LimitReached,
        Code::FactorNeeded,
        Code::FactorNotFresh,
        Code::AuthFactorWrong,
        Code::AuthRevoked,
        Code::AuthThrottled,
    ];
    const INNER: &'static [&'static [Code]] =
        &[EntryDenied::CODES, AcceptError::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        let code = match self {
            Self::NoProvider | Self::NotVisible => Code::NotFound,
            Self::TransactionInvalid => Code::SsoTransactionInvalid,
            Self::ProviderFailed => Code::SsoProviderFailed,
            Self::ProviderNotPublic => Code::SsoProviderNotPublic,
            Self::ProviderRefused => Code::SsoProviderRefused,
            Self::IssuerMixed => Code::SsoIssuerMixed,
            Self::TokenRefused => Code::SsoTokenRefused,
            Self::TenantRefused => Code::SsoTenantRefused,
            Self::EmailUnverified => Code::SsoEmailUnverified,
            Self::AccountExists => Code::SsoAccountExists,
            Self::NoAccount => Code::SsoNoAccount,
            Self::FactorNeeded => Code::FactorNeeded,
            Self::FactorWrong => Code::AuthFactorWrong,
            Self::Confined => Code::SessionConfined,
            Self::IdentityTaken => Code::ConflictExists,
            Self::LimitReached => Code::LimitReached,
            Self::OnlyWayIn => Code::SsoOnlyWayIn,
            Self::IdentityOther => Code::SsoIdentityOther,
            Self::Invitation(error) => return error.problem(),
            Self::FactorNotFresh => Code::FactorNotFresh,
            Self::Ended => Code::AuthRevoked,
            Self::Entry(denied) => return denied.problem(),
            Self::Throttled(throttled) => return wait(&throttled),
            Self::Sealing(error) => return error.problem(),
            Self::Store(error) => return error.problem(),
        };
        Problem::new(code).detail(self)
    }
}

impl Refusal for ManageError {
    const CODES: &'static [Code] = &[
        Code::InputInvalid,
        Code::DomainNotProved,
        Code::DomainNames,
        Code::NotFound,
        Code::LimitReached,
        Code::ConflictExists,
    ];
    const INNER: &'static [&'static [Code]] =
        &[RankDenied::CODES, Denied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::Policy(error) => Problem::invalid("policy", error),
            Self::NotProved => Problem::new(Code::DomainNotProved).detail(self),
            Self::Names => Problem::new(Code::DomainNames),
            Self::Team(error) => TeamError::problem(error),
        }
    }
}

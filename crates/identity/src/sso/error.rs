//! Why single sign-on did not let somebody in, each with its own code.

use broker::BrokerError;
use domain::authz::NotProvisioned;
use domain::sign_in::EntryDenied;
use outbound::http::CallError;
use store::StoreError;

use super::door::DoorError;
use crate::code;
use crate::invitations::AcceptError;
use crate::sessions::{AccountError, NotBorn};
use crate::team::TeamError;
use crate::throttle::{NotAdmitted, Throttled};

/// Why somebody was not signed in, or an identity was not linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SsoError {
    /// No such provider or workspace, or single sign-on is not set up.
    #[error("there is no such identity provider")]
    NoProvider,
    /// The way is over, was used, or was begun by another browser or session.
    #[error("this sign-in is over, or was begun in another browser; start again")]
    TransactionInvalid,
    /// The provider cannot be reached, is too slow, or sends what cannot be read.
    #[error("the identity provider does not answer as it should; try again later")]
    ProviderFailed,
    /// The provider's address may not be called.
    #[error("the identity provider's address is not a public one")]
    ProviderNotPublic,
    /// The provider did not let the person in, or they went back.
    #[error("the identity provider did not let you in")]
    ProviderRefused,
    /// The answer came from another issuer than the one asked (RFC 9207).
    #[error("the answer came from another identity provider than the one asked")]
    IssuerMixed,
    /// The provider's token is forged, for somebody else, for another sign-in, or too old.
    #[error("the identity provider's token is not valid for this sign-in")]
    TokenRefused,
    /// The person's organisation is not one that the operator lets in.
    #[error("people of this organisation are not let in")]
    TenantRefused,
    /// The provider does not say that the address is the person's.
    #[error("the identity provider has not verified the e-mail address")]
    EmailUnverified,
    /// There is an account with this address that this identity is not linked to.
    #[error("there is an account with this address: sign in to it and link this provider there")]
    AccountExists,
    /// Nobody here has this identity, and the workspace lets nobody in by it.
    #[error("nobody here is known by this identity; ask for an invitation")]
    NoAccount,
    /// The person's own second factor is wanted.
    #[error("a second factor is needed")]
    FactorNeeded,
    /// It is wrong, or was used before.
    #[error("the code is wrong, or was used before")]
    FactorWrong,
    /// The session came by a provider, and this wants one that stands on the person's own factors.
    #[error("sign in with a factor of your own to do this")]
    Confined,
    /// Somebody has this identity already.
    #[error("this identity is linked already")]
    IdentityTaken,
    /// Another person than the one of the session signed in at the provider.
    #[error("somebody else signed in at the identity provider")]
    IdentityOther,
    /// The person has as many identities as they may.
    #[error("a person has at most 16 linked identities")]
    LimitReached,
    /// Without it nobody could sign in to the account.
    #[error("it is the only way into this account; set a password first")]
    OnlyWayIn,
    /// The second factor was given too long ago.
    #[error("this needs a second factor given a short while ago")]
    FactorNotFresh,
    /// There is no such thing, or it is not visible.
    #[error("there is no such thing, or it is not visible to the caller")]
    NotVisible,
    /// The session was ended.
    #[error("the session was ended")]
    Ended,
    /// The invitation that was shown lets them in nowhere.
    #[error(transparent)]
    Invitation(#[from] AcceptError),
    /// The workspace's door stayed closed.
    #[error(transparent)]
    Entry(#[from] EntryDenied),
    /// Too many guesses.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl SsoError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoProvider | Self::NotVisible => "not_found",
            Self::TransactionInvalid => "sso.transaction_invalid",
            Self::ProviderFailed => "sso.provider_failed",
            Self::ProviderNotPublic => "sso.provider_not_public",
            Self::ProviderRefused => "sso.provider_refused",
            Self::IssuerMixed => "sso.issuer_mixed",
            Self::TokenRefused => "sso.token_refused",
            Self::TenantRefused => "sso.tenant_refused",
            Self::EmailUnverified => "sso.email_unverified",
            Self::AccountExists => "sso.account_exists",
            Self::NoAccount => "sso.no_account",
            Self::FactorNeeded => "factor.needed",
            Self::FactorWrong => "auth.factor_wrong",
            Self::Confined => "session.confined",
            Self::IdentityTaken => "conflict.exists",
            Self::IdentityOther => "sso.identity_other",
            Self::Invitation(error) => error.code(),
            Self::LimitReached => "limit.reached",
            Self::OnlyWayIn => "sso.only_way_in",
            Self::FactorNotFresh => "factor.not_fresh",
            Self::Ended => "auth.revoked",
            Self::Entry(denied) => code::of_entry(denied),
            Self::Throttled(_) => "auth.throttled",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<CallError> for SsoError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(_) => Self::ProviderNotPublic,
            CallError::Unreachable | CallError::TooLarge | CallError::Deadline => {
                Self::ProviderFailed
            }
        }
    }
}

impl From<DoorError> for SsoError {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::NotVisible => Self::NotVisible,
            DoorError::Denied(denied) => Self::Entry(denied),
            DoorError::Sealing(error) => Self::Sealing(error),
            DoorError::Store(error) => Self::Store(error),
        }
    }
}

impl From<TeamError> for SsoError {
    fn from(error: TeamError) -> Self {
        match error {
            TeamError::NotVisible | TeamError::Refused(_) => Self::NotVisible,
            TeamError::LimitReached { .. } | TeamError::Exists | TeamError::Bound { .. } => {
                Self::NoAccount
            }
            TeamError::Sealing(error) => Self::Sealing(error),
            TeamError::Store(error) => Self::Store(error),
        }
    }
}

impl From<NotProvisioned> for SsoError {
    fn from(_: NotProvisioned) -> Self {
        Self::NoAccount
    }
}

impl From<AccountError> for SsoError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Confined => Self::Confined,
            AccountError::Sealing(error) => Self::Sealing(error),
            AccountError::Store(error) => Self::Store(error),
            AccountError::Ended | AccountError::NotVisible | AccountError::LimitReached { .. } => {
                Self::Ended
            }
        }
    }
}

impl From<NotBorn> for SsoError {
    fn from(not: NotBorn) -> Self {
        match not {
            NotBorn::FactorUsed => Self::FactorWrong,
            NotBorn::Store(error) => Self::Store(error),
        }
    }
}

impl From<NotAdmitted> for SsoError {
    fn from(not: NotAdmitted) -> Self {
        match not {
            NotAdmitted::Throttled(throttled) => Self::Throttled(throttled),
            NotAdmitted::Store(error) => Self::Store(error),
        }
    }
}

//! From a bearer credential to who is asking. The only place where a request's scopes are made.
//!
//! Always true
//! 1. The tenant of a scope comes from the verified token or the key's own row, never from the
//!    request (TEN-1).
//! 2. A session token is asked against the revocation view; when the view is too old, the answer is
//!    no.
//! 3. Nothing here says what the caller may do: rights are loaded in each use case's own
//!    transaction.

use broker::BrokerError;
use domain::{AccountScope, Actor, Origin, Scope, TenantId, TimeMs};
use store::StoreError;

use crate::code;
use crate::dpop::{self, Presented, ProofRefused, Scheme};
use crate::identity::Identity;
use crate::keys::{self, ApiKeyText};
use crate::revocations::Standing;
use crate::tokens::{TokenRefused, VerifiedClaims};
use crate::uses;

/// Who is asking.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A person, in a session.
    Person {
        /// Their own account, which opens no tenant.
        account: AccountScope,
        /// When they last gave a second factor.
        factor_at: TimeMs,
        /// The workspace their session has entered, if any.
        workspace: Option<Scope>,
    },
    /// An API key, of the workspace it was made in.
    Key {
        /// Its workspace.
        scope: Scope,
    },
}

/// Why a credential was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthRefused {
    /// It is no credential of ours, or no longer.
    #[error("the credential is not valid")]
    Invalid,
    /// The access token's five minutes are over: refresh.
    #[error("the access token has expired")]
    Expired,
    /// The session was ended, or rose past this token.
    #[error("the session was ended, or has newer tokens")]
    Revoked,
    /// The token is bound to a key, and nothing proves that the presenter holds it.
    #[error("the access token is bound to a key; send it as DPoP with a proof")]
    ProofNeeded,
    /// The proof beside the token is not good.
    #[error(transparent)]
    Proof(#[from] ProofRefused),
    /// Revocations could not be read for too long, so nobody can be told to be signed in still.
    #[error("revocations cannot be read")]
    Blind,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Principal {
    /// The person's account and when they last gave a factor; `None` for a key.
    #[must_use]
    pub const fn account(&self) -> Option<(&AccountScope, TimeMs)> {
        match self {
            Self::Person { account, factor_at, .. } => Some((account, *factor_at)),
            Self::Key { .. } => None,
        }
    }

    /// The workspace's scope, and when a person last gave a factor; `None` for a session that
    /// entered none.
    #[must_use]
    pub const fn member(&self) -> Option<(&Scope, Option<TimeMs>)> {
        match self {
            Self::Person { workspace: Some(scope), factor_at, .. } => {
                Some((scope, Some(*factor_at)))
            }
            Self::Person { workspace: None, .. } => None,
            Self::Key { scope } => Some((scope, None)),
        }
    }

    /// The workspace, if any.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        self.member().map(|(scope, _)| scope.tenant())
    }
}

impl AuthRefused {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "auth.invalid",
            Self::Expired => "auth.expired",
            Self::Revoked => "auth.revoked",
            Self::ProofNeeded => "auth.proof_needed",
            Self::Proof(refused) => code::of_proof(refused),
            Self::Blind => "storage.unavailable",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// Who presents this bearer credential: an access token or an API key.
///
/// # Errors
/// [`AuthRefused`].
pub async fn authenticate(
    identity: &Identity,
    credential: &str,
    origin: Origin,
) -> Result<Principal, AuthRefused> {
    authenticate_presented(identity, Presented::bearer(credential), origin).await
}

/// Who presents this credential, alone or with a proof that they hold its key.
///
/// # Errors
/// [`AuthRefused`].
pub async fn authenticate_presented(
    identity: &Identity,
    presented: Presented<'_>,
    origin: Origin,
) -> Result<Principal, AuthRefused> {
    if !ApiKeyText::looks_like(presented.credential) {
        return signed_in(identity, presented, origin).await;
    }
    match presented.scheme {
        Scheme::Bearer => keys::holder(identity, presented.credential, origin).await,
        Scheme::Dpop => Err(AuthRefused::Invalid),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
async fn signed_in(
    identity: &Identity,
    presented: Presented<'_>,
    origin: Origin,
) -> Result<Principal, AuthRefused> {
    let claims = verified(identity, presented.credential).await?;
    // Whoever holds a bound token alone holds half of it.
    dpop::held(identity, &claims, presented)?;
    match identity.revocations.judge(&claims) {
        Standing::Good => {}
        Standing::Revoked => {
            uses::session_refused(identity, &claims, &origin).await;
            return Err(AuthRefused::Revoked);
        }
        Standing::Unknown => return Err(AuthRefused::Blind),
    }
    uses::session_used(identity, &claims, &origin).await;
    let actor = Actor::User { user: claims.user, session: claims.session };
    let workspace = claims.tenant.map(|tenant| Scope::authenticated(tenant, actor, origin.clone()));
    let account = AccountScope::authenticated(claims.user, claims.session, origin);
    Ok(Principal::Person { account, factor_at: claims.factor_at, workspace })
}

/// The claims of a genuine token. A token signed by a key that is not known makes the broker's keys
/// be asked for once more, so that a rotation of keys logs nobody out.
async fn verified(identity: &Identity, token: &str) -> Result<VerifiedClaims, AuthRefused> {
    let now = identity.store.mint().now();
    let answer = match identity.tokens.verify(token, now) {
        Err(TokenRefused::UnknownKey) => {
            identity.learn_new_token_keys().await?;
            identity.tokens.verify(token, now)
        }
        answer => answer,
    };
    answer.map_err(|refused| match refused {
        TokenRefused::Expired => AuthRefused::Expired,
        TokenRefused::Invalid | TokenRefused::UnknownKey | TokenRefused::FromTheFuture => {
            AuthRefused::Invalid
        }
    })
}

//! Begins a way: to sign in, or to link an identity to the signed-in person.

use data_encoding::BASE64URL_NOPAD;
use domain::sign_in::{FactorOf, ProviderRef, SignInPath};
use domain::{AccountScope, Actor, Origin, Scope, SsoTransactionId, TenantId, TimeMs, limits};
use store::{Caller, Commit, NewSsoTransaction, QuietReason, SsoErrand};
use url::Url;

use super::discovery::Wanted;
use super::target::{self, Kind, Target};
use super::way::Pass;
use super::{SsoError, github};
use crate::ShownOnce;
use crate::identity::Identity;
use crate::sessions;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// To this provider; when absent, to the first one that the workspace's policy names.
    pub provider: Option<ProviderRef>,
    /// Into this workspace. A workspace's own provider leads to its own workspace only.
    pub workspace: Option<TenantId>,
}

/// A way that began.
#[derive(Debug)]
pub struct Begun {
    /// Its id.
    pub transaction: SsoTransactionId,
    /// Where the browser goes.
    pub authorization_url: String,
    /// What the browser keeps, and shows when it is back.
    pub cookie: ShownOnce,
    /// When it is over.
    pub expires_at: TimeMs,
}

/// The platform's providers that are switched on.
#[must_use]
pub fn platform_providers(identity: &Identity) -> Vec<ProviderRef> {
    let sso = identity.sso.as_ref();
    let all = sso.into_iter().flat_map(|sso| &sso.config.platform);
    all.map(|one| ProviderRef::Platform(one.provider)).collect()
}

/// Begins to sign in.
///
/// # Errors
/// [`SsoError::NoProvider`], or the provider's failure.
pub async fn begin(identity: &Identity, origin: Origin, way: Begin) -> Result<Begun, SsoError> {
    begun(identity, &Caller::anonymous(origin), way, SsoErrand::SignIn).await
}

/// Begins to link an identity to the caller. They gave a second factor of their own a short while
/// ago; for a workspace's own provider they are in that workspace.
///
/// # Errors
/// [`SsoError`].
#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
pub async fn begin_link(
    identity: &Identity,
    account: &AccountScope,
    factor_at: TimeMs,
    way: Begin,
) -> Result<Begun, SsoError> {
    let age_ms = identity.store.mint().now().since_ms(factor_at);
    if !(-limits::CLOCK_SKEW_MS_MAX..=limits::FACTOR_FRESH_MS).contains(&age_ms) {
        return Err(SsoError::FactorNotFresh);
    }
    let scope = account.clone();
    identity
        .store
        .platform_read(move |tx| sessions::own(tx, &scope).map(drop).map_err(SsoError::from))
        .await?;
    let (user, session) = (account.user(), account.session());
    if let Some(workspace) = way.workspace {
        let actor = Actor::User { user, session };
        let scope = Scope::authenticated(workspace, actor, account.origin().clone());
        crate::team::enters(&identity.store, &scope).await?;
    }
    begun(identity, &Caller::from(account), way, SsoErrand::Link(user, session)).await
}

/// Begins to give a provider's factors again, in a session that stands on its word: through the
/// same provider, for the workspace the session is in.
///
/// # Errors
/// [`SsoError::FactorNeeded`]: the session stands on a factor of the person's own, which they give
/// again instead.
pub async fn begin_step_up(identity: &Identity, account: &AccountScope) -> Result<Begun, SsoError> {
    let scope = account.clone();
    let (path, workspace) = identity
        .store
        .platform_read(move |tx| {
            let own = sessions::own_confined_too(tx, &scope)?;
            Ok::<_, SsoError>((tx.session_paths().of(own.id)?, own.workspace))
        })
        .await?;
    let SignInPath::Provider { provider, home, factor: FactorOf::Provider(_) } = path else {
        return Err(SsoError::FactorNeeded);
    };
    let way = Begin { provider: Some(provider), workspace: workspace.or(home) };
    let errand = SsoErrand::StepUp(account.user(), account.session());
    begun(identity, &Caller::from(account), way, errand).await
}

async fn begun(
    identity: &Identity,
    caller: &Caller,
    way: Begin,
    errand: SsoErrand,
) -> Result<Begun, SsoError> {
    let origin = caller.origin();
    let provider = chosen(identity, way, origin).await?;
    let target = Target::find(identity, provider, way.workspace, origin).await?;
    let pass = Pass::new(identity.store.mint());
    let authorization_url = address(identity, &target, &pass, errand).await?;
    let (id, workspace, cookie_mac) = (pass.id, way.workspace, pass.mac(identity).await?);
    let new = NewSsoTransaction { id, cookie_mac, provider, workspace, errand };
    let begun = identity.store.platform_write(caller, move |tx| {
        tx.sso_transactions().create(&new)?;
        let ends = tx.now().plus_ms(limits::SSO_TRANSACTION_MS);
        Ok::<_, SsoError>(Commit::quiet(QuietReason::SsoStep, ends))
    });
    let expires_at = begun.await?.value;
    Ok(Begun { transaction: id, authorization_url, cookie: pass.shown(), expires_at })
}

async fn chosen(identity: &Identity, way: Begin, origin: &Origin) -> Result<ProviderRef, SsoError> {
    if let Some(provider) = way.provider {
        return Ok(provider);
    }
    let scope = target::at_the_door(way.workspace.ok_or(SsoError::NoProvider)?, origin);
    identity
        .store
        .read(&scope, |tx| {
            let policy = tx.sign_in_policy().get()?.policy;
            let own = tx.providers().list()?.into_iter().map(|one| ProviderRef::Own(one.id));
            policy.providers.into_iter().chain(own).next().ok_or(SsoError::NoProvider)
        })
        .await
        .map_err(target::absent)
}

/// The address the browser goes to: a code for this way only (PKCE S256, state, nonce).
async fn address(
    identity: &Identity,
    target: &Target,
    pass: &Pass,
    errand: SsoErrand,
) -> Result<String, SsoError> {
    let sso = identity.sso.as_ref().ok_or(SsoError::NoProvider)?;
    let (endpoint, scopes) = if target.kind == Kind::GitHub {
        (github::authorization_endpoint(target), "read:user user:email")
    } else {
        let now = identity.store.mint().now();
        let seen = sso.seen(target, Wanted::Usual, now).await?;
        (seen.metadata.authorization_endpoint.clone(), "openid email profile")
    };
    let mut url = Url::parse(&endpoint).map_err(|_| SsoError::ProviderFailed)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(SsoError::ProviderFailed);
    }
    let verifier = pass.verifier(identity).await?;
    let (state, nonce) = (pass.state(identity).await?, pass.nonce(identity).await?);
    let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &target.client_id)
        .append_pair("redirect_uri", &sso.config.redirect)
        .append_pair("scope", scopes)
        .append_pair("state", &state)
        .append_pair("code_challenge", &BASE64URL_NOPAD.encode(challenge.as_ref()))
        .append_pair("code_challenge_method", "S256");
    if target.kind != Kind::GitHub {
        url.query_pairs_mut().append_pair("nonce", &nonce);
    }
    if matches!(errand, SsoErrand::StepUp(..)) {
        // OpenID Connect Core 3.1.2.1: ask again, and say when it was.
        url.query_pairs_mut().append_pair("prompt", "login").append_pair("max_age", "0");
    }
    Ok(url.into())
}

//! A provider as a way leads to it: its address, its kind, and what the platform proves itself
//! with.

use broker::{DataScope, Exposed, Grant, Purpose, Realm, RecordKind, RecordName};
use domain::sign_in::{PlatformProvider, ProviderRef};
use domain::{Actor, Origin, ProviderId, Scope, SessionId, TenantId, UserId, limits};
use uuid::Uuid;

use super::SsoError;
use super::config::PlatformSettings;
use crate::ShownOnce;
use crate::identity::Identity;

/// What a provider does in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// OpenID Connect as it is written.
    Plain,
    /// Google: a hosted domain, and addresses that say whether they are verified.
    Google,
    /// Microsoft: an issuer for each tenant, and these may come.
    Microsoft { tenants: Vec<String> },
    /// GitHub: OAuth 2.0 without ID tokens.
    GitHub,
}

/// A provider with everything that is needed to walk the way.
pub(crate) struct Target {
    pub(crate) kind: Kind,
    /// Where discovery starts; for GitHub, where it is.
    pub(crate) address: String,
    pub(crate) client_id: String,
    pub(crate) secret: ShownOnce,
}

impl Target {
    /// Finds a provider. `workspace` is whose own it is, if it is one's own.
    ///
    /// # Errors
    /// [`SsoError::NoProvider`].
    pub(crate) async fn find(
        identity: &Identity,
        provider: ProviderRef,
        workspace: Option<TenantId>,
        origin: &Origin,
    ) -> Result<Self, SsoError> {
        match provider {
            ProviderRef::Platform(which) => platform(identity, which),
            ProviderRef::Own(id) => {
                own(identity, id, workspace.ok_or(SsoError::NoProvider)?, origin).await
            }
        }
    }
}

fn platform(identity: &Identity, which: PlatformProvider) -> Result<Target, SsoError> {
    let sso = identity.sso.as_ref().ok_or(SsoError::NoProvider)?;
    let found = sso.config.platform.iter().find(|one| one.provider == which);
    let found = found.ok_or(SsoError::NoProvider)?;
    let PlatformSettings { provider, client_id, client_secret, tenants, address } = found;
    let (kind, usual) = match provider {
        PlatformProvider::Google => (Kind::Google, "https://accounts.google.com"),
        PlatformProvider::Microsoft => (
            Kind::Microsoft { tenants: tenants.clone() },
            "https://login.microsoftonline.com/common/v2.0",
        ),
        PlatformProvider::GitHub => (Kind::GitHub, "https://github.com"),
    };
    Ok(Target {
        kind,
        address: address.clone().unwrap_or_else(|| usual.to_owned()),
        client_id: client_id.clone(),
        secret: ShownOnce::new(client_secret.show().to_owned()),
    })
}

/// The scope of somebody who is about to sign in to a workspace: it reads what the workspace says
/// about signing in, and nothing else is done with it.
#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
pub(crate) fn at_the_door(workspace: TenantId, origin: &Origin) -> Scope {
    let (user, session) = (UserId::from(Uuid::nil()), SessionId::from(Uuid::nil()));
    Scope::authenticated(workspace, Actor::User { user, session }, origin.clone())
}

async fn own(
    identity: &Identity,
    id: ProviderId,
    workspace: TenantId,
    origin: &Origin,
) -> Result<Target, SsoError> {
    let scope = at_the_door(workspace, origin);
    let (provider, secret) = identity
        .store
        .read(&scope, move |tx| {
            let provider = tx.providers().find(id)?.ok_or(SsoError::NoProvider)?;
            let secret = tx.providers().secret(id)?.ok_or(SsoError::NoProvider)?;
            Ok::<_, SsoError>((provider, secret))
        })
        .await
        .map_err(absent)?;
    let grant = Grant {
        realm: Realm::Tenant(workspace),
        purpose: Purpose::ProviderSignIn,
        actor: format!("provider:{id}"),
        request: origin.request,
        expires_at: identity.store.mint().now().plus_ms(limits::GRANT_MS),
    };
    let records = vec![(secret_name(id, secret.version), secret.sealed)];
    let mut opened = identity.broker.open(grant, records).await?.values.into_iter();
    let text = opened.next().and_then(|value| value.expose_text().map(str::to_owned));
    Ok(Target {
        kind: Kind::Plain,
        address: provider.settings.issuer.as_str().to_owned(),
        client_id: provider.settings.client_id,
        secret: ShownOnce::new(text.ok_or(SsoError::ProviderFailed)?),
    })
}

/// A workspace that is not there has no providers.
pub(crate) fn absent(error: SsoError) -> SsoError {
    match error {
        SsoError::Store(store::StoreError::Refused(store::Refusal::NoUnit)) => SsoError::NoProvider,
        error => error,
    }
}

/// The name a provider's secret is sealed under.
pub(crate) const fn secret_name(id: ProviderId, version: u64) -> RecordName {
    let (scope, kind) = (DataScope::Whole, RecordKind::ProviderSecret);
    RecordName { scope, kind, id: id.uuid(), version }
}

/// A secret on its way to the broker.
pub(crate) fn exposed(secret: &ShownOnce) -> Exposed {
    Exposed::copy_of(secret.show().as_bytes())
}

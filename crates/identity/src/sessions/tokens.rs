//! The tokens of a session, as they are handed to its holder.

use broker::{AccessClaims, AuthMethod, BrokerError, Confirmation, MacPurpose};
use domain::{SessionId, TenantId, TimeMs, limits};
use store::Session;

use crate::ShownOnce;
use crate::guard;
use crate::identity::Identity;
use crate::tokens::RefreshToken;

/// What a session's holder gets.
#[derive(Debug)]
pub struct SessionTokens {
    /// The session.
    pub session: SessionId,
    /// The workspace it has entered, if any.
    pub workspace: Option<TenantId>,
    /// Opens the API until `expires_at`.
    pub access_token: ShownOnce,
    /// The access token's end.
    pub expires_at: TimeMs,
    /// Whether only the holder of a key may use them.
    pub bound: bool,
    /// Gets the next pair of tokens.
    pub refresh_token: ShownOnce,
    /// Names the device at its next sign-in; given when a session begins.
    pub device_token: Option<ShownOnce>,
}

/// The tokens of this session as it stands. The same session at the same generation always has the
/// same refresh token: it is computed, not stored.
///
/// # Errors
/// [`BrokerError`] when the broker cannot be asked; the session stands, and can be refreshed later.
pub(crate) async fn issue(
    identity: &Identity,
    session: &Session,
) -> Result<SessionTokens, BrokerError> {
    let broker = &identity.broker;
    let now_s = identity.store.mint().now().0.div_euclid(1_000);
    let expires_s = now_s + limits::ACCESS_TOKEN_MS / 1_000;
    let claims = AccessClaims {
        iss: identity.config.issuer.clone(),
        aud: identity.config.audience.clone(),
        sub: session.user,
        tid: session.workspace,
        sid: session.id,
        epoch: session.epoch,
        amr: session.amr.iter().filter_map(|method| method_of(method)).collect(),
        auth_time: session.factor_at.0.div_euclid(1_000),
        iat: now_s,
        exp: expires_s,
        jti: identity.store.mint().id(),
        cnf: session.dpop_jkt.clone().map(|jkt| Confirmation { jkt }),
    };
    let access = broker.sign_access_token(claims).await?;
    let message = RefreshToken::message(session.id, session.generation);
    let code = broker.mac(MacPurpose::Refresh, message).await?;
    Ok(SessionTokens {
        session: session.id,
        workspace: session.workspace,
        access_token: ShownOnce::new(access),
        bound: session.dpop_jkt.is_some(),
        expires_at: TimeMs(expires_s.saturating_mul(1_000)),
        refresh_token: RefreshToken::write(session.id, session.generation, &code),
        device_token: None,
    })
}

/// The tokens of a session that was just begun, with that of its device.
///
/// # Errors
/// [`BrokerError`], as for [`issue`].
pub(crate) async fn issue_first(
    identity: &Identity,
    session: &Session,
) -> Result<SessionTokens, BrokerError> {
    with_device(identity, session, issue(identity, session).await?).await
}

/// These tokens of a session that was just begun, with that of its device.
///
/// # Errors
/// [`BrokerError`].
pub(crate) async fn with_device(
    identity: &Identity,
    session: &Session,
    tokens: SessionTokens,
) -> Result<SessionTokens, BrokerError> {
    let device_token = guard::token_of(&identity.broker, session).await?;
    Ok(SessionTokens { device_token, ..tokens })
}

/// A way of proving who one is, in the words of the token (RFC 8176).
pub(crate) const fn name_of(method: AuthMethod) -> &'static str {
    match method {
        AuthMethod::Password => "pwd",
        AuthMethod::Totp => "otp",
        AuthMethod::BackupCode => "backup_code",
        AuthMethod::MultiFactor => "mfa",
        AuthMethod::Passkey => "passkey",
        AuthMethod::HardwareKey => "hwk",
        AuthMethod::SingleSignOn => "sso",
    }
}

fn method_of(name: &str) -> Option<AuthMethod> {
    const ALL: [AuthMethod; 7] = [
        AuthMethod::Password,
        AuthMethod::Totp,
        AuthMethod::BackupCode,
        AuthMethod::MultiFactor,
        AuthMethod::Passkey,
        AuthMethod::HardwareKey,
        AuthMethod::SingleSignOn,
    ];
    ALL.into_iter().find(|method| name_of(*method) == name)
}

//! What the security log says about credentials at the API: that one was used, or was refused.
//!
//! Always true
//! 1. A credential's use is logged once in [`limits::CREDENTIAL_USE_MS`], per network and
//!    workspace; a refusal once per reason. The rows decide, the memory only spares asking them.
//! 2. Only what names a known credential is logged: junk leaves nothing.
//! 3. What cannot be noted, on a full disk say, refuses nobody.
//!
//! A session's use is its person's affair and stands in the platform's log, from where it reaches
//! the workspace it was bound to; a key's stands in its workspace's log.

use aws_lc_rs::digest;
use domain::{ApiKeyId, Network, Origin, Scope, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    ApiKey, Caller, Commit, KeyOutcome, PlatformTx, QuietReason, Session, SessionOutcome,
    StoreError,
};

use crate::identity::Identity;
use crate::tokens::VerifiedClaims;

/// A key's last use is noted to the minute.
const LAST_USE_MS: i64 = 60_000;

/// Logs that a session was let in.
pub(crate) async fn session_used(identity: &Identity, claims: &VerifiedClaims, origin: &Origin) {
    let network = network_of(origin);
    let place = format!("{:?} {network}", claims.tenant);
    let name = name_of("session used", &claims.session.to_string(), &place);
    let now = identity.store.mint().now();
    if identity.uses_noted.recall(&name, now).is_some() {
        return;
    }
    identity.uses_noted.keep(name, (), now.plus_ms(limits::CREDENTIAL_USE_MS));
    let (session, user, workspace) = (claims.session, claims.user, claims.tenant);
    let caller = Caller::account(user, session, origin.clone());
    let noted = identity.store.platform_write(&caller, move |tx| {
        let first = tx.session_uses().note(session, SessionOutcome::Used, workspace, &network)?;
        let event = AuditEvent::new(Verb::CredentialUsed, "session", session)
            .new_value(json!({ "user": user, "workspace": workspace }));
        Ok::<_, StoreError>(logged_once(first, event))
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, %session, "the use of a session could not be noted");
    }
}

/// Logs that a genuine token of a session that is over was presented. A token that its session
/// merely rose past is everyday life.
pub(crate) async fn session_refused(identity: &Identity, claims: &VerifiedClaims, origin: &Origin) {
    let session = claims.session;
    let name = name_of("session refused", &session.to_string(), "");
    let now = identity.store.mint().now();
    if identity.uses_noted.recall(&name, now).is_some() {
        return;
    }
    match identity.store.platform_read(move |tx| tx.sessions().find(session)).await {
        Ok(Some(row)) if !row.live(now) => {
            identity.uses_noted.keep(name, (), now.plus_ms(limits::CREDENTIAL_USE_MS));
            let caller = Caller::anonymous(origin.clone());
            let noted = identity.store.platform_write(&caller, move |tx| refused(tx, &row));
            if let Err(error) = noted.await {
                tracing::warn!(%error, %session, "a refused session could not be noted");
            }
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, %session, "a refused session could not be looked up"),
    }
}

fn refused(tx: &mut PlatformTx<'_>, row: &Session) -> Result<Commit<()>, StoreError> {
    let first = tx.session_uses().note(row.id, SessionOutcome::Refused, None, "")?;
    let event = AuditEvent::new(Verb::CredentialRefused, "session", row.id)
        .new_value(json!({ "user": row.user, "why": "ended" }));
    Ok(logged_once(first, event))
}

/// Logs that a key opened its workspace, and notes when and from where it was used last.
pub(crate) async fn key_used(identity: &Identity, scope: &Scope, key: &ApiKey) {
    let network = network_of(scope.origin());
    let name = name_of("key used", &key.id.to_string(), &network);
    let Some(now) = due(identity, name) else { return };
    identity.uses_noted.keep(name, (), now.plus_ms(LAST_USE_MS));
    let (id, creator) = (key.id, key.creator);
    let noted = identity.store.write(scope, move |tx| {
        tx.keys().touch_used(id, Some(&network))?;
        let first = tx.key_uses().note(id, KeyOutcome::Used, &network)?;
        let event = AuditEvent::new(Verb::CredentialUsed, "key", id)
            .new_value(json!({ "creator": creator }));
        Ok::<_, StoreError>(logged_once(first, event))
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, key = %id, "the use of an API key could not be noted");
    }
}

/// Logs that a key's id was presented and refused.
pub(crate) async fn key_refused(
    identity: &Identity,
    scope: &Scope,
    id: ApiKeyId,
    outcome: KeyOutcome,
) {
    let name = name_of("key refused", &id.to_string(), outcome.as_str());
    let Some(now) = due(identity, name) else { return };
    identity.uses_noted.keep(name, (), now.plus_ms(limits::CREDENTIAL_USE_MS));
    let noted = identity.store.write(scope, move |tx| {
        let first = tx.key_uses().note(id, outcome, "")?;
        let event = AuditEvent::new(Verb::CredentialRefused, "key", id)
            .new_value(json!({ "why": outcome.as_str() }));
        Ok::<_, StoreError>(logged_once(first, event))
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, key = %id, "the refusal of an API key could not be noted");
    }
}

fn due(identity: &Identity, name: [u8; 32]) -> Option<TimeMs> {
    let now = identity.store.mint().now();
    identity.uses_noted.recall(&name, now).is_none().then_some(now)
}

fn logged_once(first: bool, event: AuditEvent) -> Commit<()> {
    if first { Commit::audited(event, ()) } else { Commit::quiet(QuietReason::LastUsed, ()) }
}

fn network_of(origin: &Origin) -> String {
    origin.ip.map(|ip| Network::around(ip).to_string()).unwrap_or_default()
}

fn name_of(what: &str, id: &str, place: &str) -> [u8; 32] {
    let text = format!("{what}\n{id}\n{place}");
    let mut name = [0; 32];
    name.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    name
}

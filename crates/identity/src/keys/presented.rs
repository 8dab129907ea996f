//! From the text of an API key to its row: the one way a key is recognised.
//!
//! Always true
//! 1. The tenant comes from the key's own index entry, never from the request (TEN-1).
//! 2. The digest is compared in constant time before anything else of the row counts: whoever does
//!    not hold the secret learns nothing about the key.
//! 3. Whatever is wrong, the answer is the same; the reason stands in the workspace's security log.

use aws_lc_rs::constant_time;
use broker::{BrokerError, MacPurpose};
use domain::{Actor, Origin, Scope, UserId};
use store::{ApiKey, KeyOutcome};
use uuid::Uuid;

use super::ApiKeyText;
use crate::identity::Identity;
use crate::principal::{AuthRefused, Principal};
use crate::uses;

/// How long an API key's digest is remembered without asking the broker.
const KEY_DIGEST_MS: i64 = 60_000;

/// A key whose secret was presented, usable or not.
pub(super) struct Held {
    pub(super) scope: Scope,
    pub(super) key: ApiKey,
}

/// Who presents this text.
///
/// # Errors
/// [`AuthRefused::Invalid`]: no key, or one that is revoked, past its end, or used from elsewhere
/// than it may be.
pub(crate) async fn holder(
    identity: &Identity,
    credential: &str,
    origin: Origin,
) -> Result<Principal, AuthRefused> {
    let text = ApiKeyText::parse(credential).map_err(|_| AuthRefused::Invalid)?;
    let Held { scope, key } = held(identity, &text, origin).await?;
    if let Some(outcome) = refusal(identity, &scope, &key) {
        uses::key_refused(identity, &scope, key.id, outcome).await;
        return Err(AuthRefused::Invalid);
    }
    uses::key_used(identity, &scope, &key).await;
    Ok(Principal::Key { scope })
}

fn refusal(identity: &Identity, scope: &Scope, key: &ApiKey) -> Option<KeyOutcome> {
    if key.revoked_at.is_some() {
        return Some(KeyOutcome::Revoked);
    }
    if !key.usable(identity.store.mint().now()) {
        return Some(KeyOutcome::Expired);
    }
    (!key.networks.allow(scope.origin().ip)).then_some(KeyOutcome::Network)
}

/// The key whose secret this is.
///
/// # Errors
/// [`AuthRefused::Invalid`]: nobody's.
#[expect(clippy::disallowed_methods, reason = "this is request authentication")]
pub(super) async fn held(
    identity: &Identity,
    text: &ApiKeyText,
    origin: Origin,
) -> Result<Held, AuthRefused> {
    let id = text.id();
    let tenant = identity
        .store
        .platform_read(move |tx| tx.key_index().find(id))
        .await?
        .ok_or(AuthRefused::Invalid)?;
    // The creator is in the key's own row, which is about to be read: this scope reads that one
    // row.
    let unknown = Actor::Key { key: id, creator: UserId::from(Uuid::nil()) };
    let finder = Scope::authenticated(tenant, unknown, origin.clone());
    let key = identity
        .store
        .read(&finder, move |tx| tx.keys().find(id))
        .await?
        .ok_or(AuthRefused::Invalid)?;
    let scope = Scope::authenticated(tenant, Actor::Key { key: id, creator: key.creator }, origin);
    let digest = keyed_digest(identity, text).await?;
    if constant_time::verify_slices_are_equal(&digest, &key.digest).is_err() {
        uses::key_refused(identity, &scope, id, KeyOutcome::Secret).await;
        return Err(AuthRefused::Invalid);
    }
    Ok(Held { scope, key })
}

async fn keyed_digest(identity: &Identity, text: &ApiKeyText) -> Result<[u8; 32], BrokerError> {
    let (name, now) = (text.digest(), identity.store.mint().now());
    if let Some(digest) = identity.key_digests.recall(&name, now) {
        return Ok(digest);
    }
    let digest = identity.broker.mac(MacPurpose::ApiKeyPepper, name.to_vec()).await?;
    identity.key_digests.keep(name, digest, now.plus_ms(KEY_DIGEST_MS));
    Ok(digest)
}

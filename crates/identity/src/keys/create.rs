//! Makes an API key.

use broker::Broker;
use domain::authz::{ActSet, rank};
use domain::{Name, Networks, Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{ApiKey, Commit, Committed, NewKey, Store};

use super::fresh::FreshKey;
use super::terms;
use crate::ShownOnce;
use crate::team::{self, TeamError};

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct WantedKey {
    /// What it is called, for people.
    pub name: Name,
    /// What it may do at most.
    pub scopes: ActSet,
    /// When it ends, if ever.
    pub expires_at: Option<TimeMs>,
    /// Where it may be used from; empty: everywhere.
    pub networks: Networks,
}

/// A key, and its text, which is shown once.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key as it is listed.
    pub key: ApiKey,
    /// The text.
    pub text: ShownOnce,
}

/// Makes a key whose scopes are among what its creator holds now. Needs a person with a fresh
/// factor.
///
/// # Errors
/// [`TeamError`].
pub async fn create(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    wanted: WantedKey,
) -> Result<Committed<CreatedKey>, TeamError> {
    let scopes = wanted.scopes;
    terms::end(store.mint().now(), wanted.expires_at)?;
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            rank::decide_create_key(&actor, scopes)?;
            Ok::<_, TeamError>(())
        })
        .await?;

    let FreshKey { id, text, digest, last_four } = FreshKey::make(store, broker, scope).await?;
    let stored = store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let permit = rank::decide_create_key(&actor, wanted.scopes)?;
            team::room_for_one_key(tx)?;
            let WantedKey { name, expires_at, networks, .. } = wanted;
            let name = String::from(name);
            let new = NewKey { id, name, digest, expires_at, networks, last_four };
            let key = tx.keys().create(permit, &new)?;
            let event = AuditEvent::new(Verb::KeyCreated, "key", id).new_value(json!({
                "name": key.name, "scopes": key.scopes, "expires_at_ms": key.expires_at,
                "networks": key.networks,
            }));
            Ok::<_, TeamError>(Commit::audited(event, key))
        })
        .await?;
    Ok(stored.map(|key| CreatedKey { key, text: text.shown() }))
}

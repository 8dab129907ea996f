//! What a session was begun with and from where: shown to its person, sealed for everybody else.
//!
//! Always true: the row holds it only as an envelope in the person's own realm, so a copy of the
//! database says nothing about where somebody was (AUTH-7).

use std::net::IpAddr;

use broker::{BrokerError, DataScope, Exposed, Grant, Purpose, Realm, RecordKind, RecordName};
use domain::{Origin, Sealed, SessionId, UserAgent, UserId, limits};
use serde::{Deserialize, Serialize};
use store::Session;

use crate::identity::Identity;

/// From where and with what a session was begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDetails {
    /// What the client called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<UserAgent>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// What the client says about its machine and version: shown as its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The country of its address (ISO 3166-1 alpha-2), where a file of places is at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl SessionDetails {
    /// What a request tells by itself.
    pub(crate) fn of(origin: &Origin, label: Option<String>) -> Self {
        Self { user_agent: origin.user_agent.clone(), ip: origin.ip, label, country: None }
    }

    /// The details in their person's realm.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub(crate) async fn sealed(
        &self,
        identity: &Identity,
        user: UserId,
        session: SessionId,
    ) -> Result<Sealed, BrokerError> {
        let bytes = serde_json::to_vec(self).map_err(|_| BrokerError::Unreachable)?;
        let records = vec![(name(session), Exposed::new(bytes))];
        let mut sealed = identity.broker.seal(Realm::Person(user), records).await?;
        sealed.pop().ok_or(BrokerError::Unreachable)
    }
}

/// The details of these sessions of one person, in order, for that person's own request. A session
/// of before details were sealed has none.
///
/// # Errors
/// [`BrokerError`]: then none is shown.
pub(crate) async fn opened(
    identity: &Identity,
    user: UserId,
    origin: &Origin,
    sessions: &[Session],
) -> Result<Vec<SessionDetails>, BrokerError> {
    let records: Vec<_> = sessions
        .iter()
        .filter_map(|session| Some((name(session.id), session.sealed.clone()?)))
        .collect();
    if records.is_empty() {
        return Ok(vec![SessionDetails::default(); sessions.len()]);
    }
    let grant = Grant {
        realm: Realm::Person(user),
        purpose: Purpose::SessionList,
        actor: format!("user:{user}"),
        request: origin.request,
        expires_at: identity.store.mint().now().plus_ms(limits::GRANT_MS),
    };
    let mut values = identity.broker.open(grant, records).await?.values.into_iter();
    Ok(sessions.iter().map(|session| read(session, &mut values)).collect())
}

fn read(session: &Session, values: &mut impl Iterator<Item = Exposed>) -> SessionDetails {
    let value = session.sealed.as_ref().and_then(|_| values.next());
    value.and_then(|value| serde_json::from_slice(value.expose()).ok()).unwrap_or_default()
}

const fn name(session: SessionId) -> RecordName {
    let (scope, kind) = (DataScope::Whole, RecordKind::SessionDetails);
    RecordName { scope, kind, id: session.uuid(), version: 1 }
}

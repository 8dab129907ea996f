//! The code in a message: sealed under the message's id in its person's realm.

use broker::{
    Broker, BrokerError, DataScope, Exposed, Grant, Purpose, Realm, RecordKind, RecordName,
};
use domain::{NoticeId, Sealed, UserId, limits};
use store::DueNotice;

use crate::ShownOnce;
use crate::identity::Identity;

/// A code on its way to its person.
///
/// # Errors
/// [`BrokerError`].
pub(crate) async fn sealed_code(
    broker: &Broker,
    user: UserId,
    notice: NoticeId,
    code: &ShownOnce,
) -> Result<Sealed, BrokerError> {
    let records = vec![(name(notice), Exposed::copy_of(code.show().as_bytes()))];
    let mut sealed = broker.seal(Realm::Person(user), records).await?;
    sealed.pop().ok_or(BrokerError::Unreachable)
}

/// The code of a claimed message, if it has one. The opening is in the broker's journal.
///
/// # Errors
/// [`BrokerError`].
pub(super) async fn opened(
    identity: &Identity,
    due: &DueNotice,
) -> Result<Option<Exposed>, BrokerError> {
    let Some(sealed) = due.sealed.clone() else { return Ok(None) };
    let mint = identity.store.mint();
    let grant = Grant {
        realm: Realm::Person(due.user),
        purpose: Purpose::NoticeSent,
        actor: "system:notices".to_owned(),
        request: mint.id(),
        expires_at: mint.now().plus_ms(limits::GRANT_MS),
    };
    let opened = identity.broker.open(grant, vec![(name(due.id), sealed)]).await?;
    Ok(opened.values.into_iter().next())
}

const fn name(notice: NoticeId) -> RecordName {
    let (scope, kind) = (DataScope::Whole, RecordKind::NoticeSecret);
    RecordName { scope, kind, id: notice.uuid(), version: 1 }
}

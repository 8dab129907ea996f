//! Links an identity to the signed-in person who began the way in this very session.

use domain::{AccountScope, NoticeId, SsoTransactionId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, LinkedIdentity, NewNotice, NoticeKind, SsoErrand, StoreError,
};

use super::SsoError;
use super::newcomer::linked;
use super::redeem::{Arrival, outcome_of};
use super::way::Pass;
use crate::identity::Identity;
use crate::sessions;

/// Ends a way that was begun to link. It must be the caller's own, walked in their own browser: a
/// way of somebody else's session links nothing (login CSRF).
///
/// # Errors
/// [`SsoError`].
pub async fn confirm(
    identity: &Identity,
    account: &AccountScope,
    id: SsoTransactionId,
    cookie: &str,
) -> Result<Committed<LinkedIdentity>, SsoError> {
    let own = SsoErrand::Link(account.user(), account.session());
    let row = Pass::known(identity, id, cookie, own).await?;
    let outcome = outcome_of(&row)?;
    let arrival = Arrival { row, outcome, counts: false, origin: account.origin().clone() };
    let mint = identity.store.mint();
    let new = linked(&arrival, account.user(), mint.now());
    let (scope, notice): (_, NoticeId) = (account.clone(), mint.id());
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let user = sessions::own(tx, &scope)?.user;
            arrival.used_up(tx)?;
            if tx.identities().find(&new.issuer, &new.subject)?.is_some() {
                return Err(SsoError::IdentityTaken);
            }
            if tx.identities().of_user(user)?.len() >= domain::limits::IDENTITIES_PER_USER_MAX {
                return Err(SsoError::LimitReached);
            }
            tx.identities().link(&new).map_err(|error| match error {
                StoreError::Conflict => SsoError::IdentityTaken,
                error => SsoError::Store(error),
            })?;
            let details = json!({ "provider": new.provider, "issuer": new.issuer });
            let kind = NoticeKind::IdentityLinked;
            tx.notices().enqueue(&NewNotice {
                id: notice,
                user,
                kind,
                details: details.clone(),
                sealed: None,
            })?;
            let password_dropped = tx.sso_only().drop_password(user)?;
            let event = AuditEvent::new(Verb::IdentityLinked, "user", user).new_value(json!({
                "provider": new.provider, "issuer": new.issuer,
                "password_dropped": password_dropped,
            }));
            Ok(Commit::audited(event, new))
        })
        .await
}

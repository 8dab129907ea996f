//! Makes a workspace and its owner.

use broker::{Broker, Realm};
use domain::authz::Role;
use domain::{AccountScope, Actor, Name, Scope, TenantId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, QuietReason, Store};

use crate::sessions::{self, AccountError};

/// Makes a workspace whose owner is the caller: its id is reserved, its keys and its unit are made,
/// its team is born with the entry, and the reservation is confirmed. Whatever is cut off,
/// [`Store::reconcile`] settles.
///
/// # Errors
/// [`AccountError`]; [`AccountError::LimitReached`] at [`limits::WORKSPACES_PER_OWNER_MAX`].
#[expect(clippy::disallowed_methods, reason = "the caller is the owner of what is being born")]
pub async fn create(
    store: &Store,
    broker: &Broker,
    account: &AccountScope,
    name: Name,
) -> Result<Committed<TenantId>, AccountError> {
    let caller = Caller::from(account);
    let id: TenantId = store.mint().id();
    let (reserving, called) = (account.clone(), name.clone());
    let reserved = store
        .platform_write(&caller, move |tx| {
            let owner = sessions::own(tx, &reserving)?.user;
            room_for_one_more(tx.workspaces().count_owned(owner)?)?;
            let user = tx.users().find(owner)?.ok_or(AccountError::Ended)?;
            tx.workspaces().reserve(id, &called, owner)?;
            tx.memberships().set(owner, id, Role::Owner)?;
            Ok::<_, AccountError>(Commit::quiet(QuietReason::Hint, user))
        })
        .await?;
    broker.create_realm(Realm::Tenant(id)).await?;
    store.create_unit(id).await?;

    let owner = reserved.value;
    let actor = Actor::User { user: owner.id, session: account.session() };
    let scope = Scope::authenticated(id, actor, account.origin().clone());
    let born = store
        .write(&scope, move |tx| {
            tx.team().create(&name, owner.id, &owner.email)?;
            let event = AuditEvent::new(Verb::WorkspaceCreated, "workspace", id)
                .new_value(json!({ "name": name, "owner": owner.id }));
            Ok::<_, AccountError>(Commit::audited(event, id))
        })
        .await?;
    store
        .platform_write(&caller, move |tx| {
            tx.workspaces().confirm(id)?;
            Ok::<_, AccountError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;
    Ok(born)
}

fn room_for_one_more(owned: u64) -> Result<(), AccountError> {
    let max = limits::WORKSPACES_PER_OWNER_MAX;
    if usize::try_from(owned).is_ok_and(|owned| owned < max) {
        Ok(())
    } else {
        Err(AccountError::LimitReached { what: "workspaces", max })
    }
}

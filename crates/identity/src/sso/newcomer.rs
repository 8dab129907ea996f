//! Somebody who is not here yet, and for whom a provider vouches.
//!
//! Always true
//! 1. An account with the same address is never taken over: its person is told to link.
//! 2. They come in by the workspace's policy, or by an invitation to the address that the provider
//!    vouches for, judged as every invitation is.
//! 3. A newcomer has no password and no factor that anybody knows, so they come in only where the
//!    provider's word counts as two factors.
//! 4. The account comes first, then the membership, then the session: whatever is cut off leaves
//!    an account that its provider opens again, and nobody half signed in.

use broker::Realm;
use domain::authz::{Vouched, decide_address, decide_provision};
use domain::sign_in::{EntryDenied, ProviderRef};
use domain::{EmailAddress, Scope, SessionId, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, EntryRef, LinkedIdentity, NewUser, Newcomer, QuietReason, TeamState,
    TenantTx,
};

use super::redeem::{Arrival, Ticket};
use super::{SsoError, target};
use crate::identity::Identity;
use crate::invitations::{look_in, walk_in};
use crate::sessions::{Holder, SessionTokens};
use crate::team;

/// Makes the account, lets it in and begins its session.
///
/// # Errors
/// [`SsoError`].
pub(super) async fn born(
    identity: &Identity,
    arrival: Arrival,
    holder: Holder,
    invitation: Option<Ticket>,
) -> Result<Committed<SessionTokens>, SsoError> {
    let workspace = arrival.row.workspace.ok_or(SsoError::NoAccount)?;
    let email = arrival.outcome.email.clone().ok_or(SsoError::EmailUnverified)?;
    let taken = email.clone();
    let taken = identity.store.platform_read(move |tx| tx.users().find_by_email(&taken)).await?;
    if taken.is_some() {
        return Err(SsoError::AccountExists);
    }
    let (user, session): (UserId, SessionId) =
        (identity.store.mint().id(), identity.store.mint().id());
    let scope = arrival.scope(workspace, user, session);
    let door = match &invitation {
        Some(ticket) => {
            let door = ticket.opens(identity, &email, (user, session), &arrival.origin).await?;
            believed(identity, &arrival, &scope).await?;
            look_in(&identity.store, &door).await?;
            Some(door)
        }
        None => {
            would_admit(identity, &arrival, &scope).await?;
            None
        }
    };
    if !arrival.counts {
        return Err(SsoError::Entry(EntryDenied::FactorNotCounted));
    }
    let made = account(identity, &arrival, user, session, email.clone()).await?;
    let joined = match door {
        Some(door) => walk_in(&identity.store, door, email).await?.entries,
        None => admitted(identity, &arrival, &scope, email).await?,
    };
    let entries = made.into_iter().chain(joined).collect();
    arrival.first_session(identity, user, holder, entries).await
}

/// The account: no password, and a seed that nobody was shown.
async fn account(
    identity: &Identity,
    arrival: &Arrival,
    user: UserId,
    session: SessionId,
    email: EmailAddress,
) -> Result<Vec<EntryRef>, SsoError> {
    identity.broker.create_realm(Realm::Person(user)).await?;
    let (totp, _unseen) = identity.broker.new_totp(user, email.as_str()).await?;
    let new = NewUser { id: user, email, password_hash: String::new(), totp, totp_last_step: 0 };
    let linked = linked(arrival, user, identity.store.mint().now());
    let row = arrival.row.clone();
    let caller = Caller::account(user, session, arrival.origin.clone());
    let made = identity.store.platform_write(&caller, move |tx| {
        let (from, to) = (store::SsoState::Known, store::SsoState::Redeemed);
        if !tx.sso_transactions().step(row.id, from, to, row.outcome.as_deref())? {
            return Err(SsoError::TransactionInvalid);
        }
        tx.users().create(&new)?;
        tx.identities().link(&linked)?;
        let enrolled = AuditEvent::new(Verb::UserEnrolled, "user", user)
            .new_value(json!({ "by": "sso", "provider": row.provider }))
            .personal("email", new.email.as_str());
        let identity = AuditEvent::new(Verb::IdentityLinked, "user", user)
            .new_value(json!({ "provider": row.provider, "issuer": linked.issuer }));
        Ok(Commit::audited_all(vec![enrolled, identity], ()))
    });
    Ok(made.await?.entries)
}

/// The row of an identity that is about to be linked.
pub(super) fn linked(arrival: &Arrival, user: UserId, now: domain::TimeMs) -> LinkedIdentity {
    let home = match arrival.row.provider {
        ProviderRef::Own(_) => arrival.row.workspace,
        ProviderRef::Platform(_) => None,
    };
    LinkedIdentity {
        issuer: arrival.outcome.issuer.clone(),
        subject: arrival.outcome.subject.clone(),
        user,
        provider: arrival.row.provider,
        home,
        linked_at: now,
        used_at: now,
    }
}

fn vouched(arrival: &Arrival) -> Vouched {
    Vouched { provider: arrival.row.provider, domain: arrival.outcome.domain.clone() }
}

/// Asks whether the provider is believed about the address of somebody who was invited.
async fn believed(identity: &Identity, arrival: &Arrival, scope: &Scope) -> Result<(), SsoError> {
    let proved = identity.store.read(scope, |tx| tx.domains().proved()).await?;
    Ok(decide_address(&proved, &vouched(arrival))?)
}

/// Asks whether the workspace would take them, before anything is made.
async fn would_admit(
    identity: &Identity,
    arrival: &Arrival,
    scope: &Scope,
) -> Result<(), SsoError> {
    let vouched = vouched(arrival);
    let asked = identity.store.read(scope, move |tx| decide(tx, &vouched).map(drop));
    asked.await.map_err(target::absent)
}

/// Makes the person of this scope a member, if the policy takes them.
///
/// # Errors
/// [`SsoError::NoAccount`].
pub(super) async fn admitted(
    identity: &Identity,
    arrival: &Arrival,
    scope: &Scope,
    email: EmailAddress,
) -> Result<Vec<EntryRef>, SsoError> {
    let (user, workspace) = (scope.actor().principal(), scope.tenant());
    let first = vouched(arrival);
    let asked = identity
        .store
        .read(scope, move |tx| Ok::<_, SsoError>(decide(tx, &first)?.into_inner().role));
    let role = asked.await.map_err(target::absent)?;
    // As with invitations, the hint comes first.
    let caller = Caller::from(scope);
    let hinted = identity.store.platform_write(&caller, move |tx| {
        tx.memberships().set(user, workspace, role)?;
        Ok::<_, SsoError>(Commit::quiet(QuietReason::Hint, ()))
    });
    hinted.await?;
    let (vouched, provider) = (vouched(arrival), arrival.row.provider);
    let joined = identity.store.write(scope, move |tx| {
        tx.team().lock()?;
        team::room_for_one_member(tx)?;
        let permit = decide(tx, &vouched)?;
        let joined = tx.members().provision(permit, &Newcomer { email: email.clone() })?;
        let event = AuditEvent::new(Verb::MemberJoined, "member", joined.user)
            .new_value(json!({ "role": joined.role, "provider": provider }))
            .personal("email", email.as_str());
        Ok::<_, SsoError>(Commit::audited(event, ()))
    });
    Ok(joined.await?.entries)
}

/// The rule, on the rows of this transaction.
fn decide(
    tx: &mut TenantTx<'_>,
    vouched: &Vouched,
) -> Result<domain::authz::Permit<domain::authz::Provision>, SsoError> {
    let in_use = tx.team().settings()?.is_some_and(|team| team.state == TeamState::Active);
    if !in_use {
        return Err(SsoError::NoAccount);
    }
    let policy = tx.sign_in_policy().get()?.policy;
    let proved = tx.domains().proved()?;
    let user = tx.scope().actor().principal();
    Ok(decide_provision(&policy, &proved, vouched, user)?)
}

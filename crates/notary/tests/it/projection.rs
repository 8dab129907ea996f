//! Account events in the security logs of workspaces: whose, where, once, and for whose eyes.

use std::future::Future;
use std::task::Poll;

use domain::authz::{Act, Denied, Role};
use domain::{Actor, Origin, Scope, SessionId, TenantId, UserId};
use ledger::verify::Finding;
use ledger::{AuditEvent, EntryView, Evidence, Stream, Verb, Verdict, verify_export};
use notary::{NotaryError, begin_export, list_entries, project, sequence};
use serde_json::json;
use store::{Caller, Commit, EntryFilter, LoggedEntry, Page, QuietReason, StoreError, Unit};

use crate::ground::on_each_engine;
use crate::house::{House, Workspace, whole};

on_each_engine! {
    a_person_in_two_workspaces_has_their_events_in_both_and_a_neighbour_in_neither
    what_was_before_joining_or_after_leaving_is_not_told
    an_event_of_one_workspace_reaches_no_other_and_names_none
    dropped_at_any_await_nothing_is_lost_or_told_twice
    many_projectors_at_once_tell_everything_once
    viewers_and_operators_never_read_the_security_log
    a_changed_security_entry_is_tampered
}

/// Tells the platform that somebody is in a workspace, as joining does.
async fn hint(house: &House, user: UserId, tenant: TenantId) {
    let caller = Caller::system("tests", house.store.mint().id());
    let work = house.store.platform_write::<_, StoreError>(&caller, move |tx| {
        tx.memberships().set(user, tenant, Role::Viewer)?;
        Ok(Commit::quiet(QuietReason::Installation, ()))
    });
    work.await.unwrap();
}

/// A wrong password for this person's account.
async fn fails(house: &House, user: impl ToString) {
    let caller = Caller::anonymous(house.scope(house.ours).origin().clone());
    let event = AuditEvent::new(Verb::SessionRefused, "user", user);
    commits(house, caller, event).await;
}

async fn commits(house: &House, caller: Caller, event: AuditEvent) {
    let work = house
        .store
        .platform_write::<_, StoreError>(&caller, move |_| Ok(Commit::audited(event, ())));
    work.await.unwrap();
}

async fn sequenced(house: &House) {
    loop {
        let done = sequence(&house.store, &house.broker, Unit::Platform, Stream::Security);
        if !done.await.unwrap().more {
            return;
        }
    }
}

async fn settled(house: &House) {
    sequenced(house).await;
    while project(&house.store).await.unwrap().more {}
}

async fn seen(house: &House, workspace: Workspace) -> Vec<LoggedEntry> {
    let filter = EntryFilter { stream: Some(Stream::Security), ..EntryFilter::default() };
    let page = Page::first(200);
    list_entries(&house.store, &house.scope(workspace), filter, page).await.unwrap().items
}

/// The indices of the events that a workspace was told, in order.
async fn told(house: &House, workspace: Workspace) -> Vec<u64> {
    let index = |entry: &LoggedEntry| {
        let view = EntryView::read(&entry.body).unwrap();
        view.new.unwrap()["account_event"]["index"].as_u64().unwrap()
    };
    let mut told: Vec<u64> = seen(house, workspace).await.iter().map(index).collect();
    told.sort_unstable();
    told
}

async fn a_person_in_two_workspaces_has_their_events_in_both_and_a_neighbour_in_neither(
    house: House,
) {
    let (ours, theirs) = (house.ours, house.theirs);
    let guest = house.join(ours, Role::Viewer).await.actor().principal();
    hint(&house, ours.owner, ours.tenant).await;
    hint(&house, guest, ours.tenant).await;
    hint(&house, theirs.owner, theirs.tenant).await;
    fails(&house, guest).await;
    fails(&house, theirs.owner).await;
    fails(&house, "unknown").await;
    settled(&house).await;
    assert_eq!(told(&house, ours).await, [0]);
    assert_eq!(told(&house, theirs).await, [1]);
    let entry = seen(&house, ours).await.remove(0);
    let view = EntryView::read(&entry.body).unwrap();
    assert_eq!(view.verb, "session.refused");
    assert_eq!(view.new.unwrap()["user"], guest.to_string());
    let fields: Vec<&str> = entry.personal.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["ip", "user_agent"], "personal values are beside the entry");
    assert!(!String::from_utf8(entry.body).unwrap().contains("192.0.2.7"));

    let shared = house.join_as(theirs, guest, Role::Viewer).await.actor().principal();
    hint(&house, shared, theirs.tenant).await;
    fails(&house, guest).await;
    settled(&house).await;
    assert_eq!(told(&house, ours).await, [0, 3]);
    assert_eq!(told(&house, theirs).await, [1, 3]);
}

async fn what_was_before_joining_or_after_leaving_is_not_told(house: House) {
    let user: UserId = house.store.mint().id();
    hint(&house, user, house.ours.tenant).await;
    fails(&house, user).await;
    settled(&house).await;
    assert!(told(&house, house.ours).await.is_empty(), "a hint alone opens nothing");
    // The clock is a real one: the next moment is another.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let scope = house.join_as(house.ours, user, Role::Viewer).await;
    fails(&house, user).await;
    settled(&house).await;
    assert_eq!(told(&house, house.ours).await, [1]);
    house.leave(house.ours, scope.actor().principal()).await;
    fails(&house, user).await;
    settled(&house).await;
    assert_eq!(told(&house, house.ours).await, [1], "the hint is there still");
}

async fn an_event_of_one_workspace_reaches_no_other_and_names_none(house: House) {
    let (ours, theirs) = (house.ours, house.theirs);
    let user = house.join(ours, Role::Viewer).await.actor().principal();
    house.join_as(theirs, user, Role::Viewer).await;
    hint(&house, user, ours.tenant).await;
    hint(&house, user, theirs.tenant).await;
    let session: SessionId = house.store.mint().id();
    let origin: Origin = house.scope(ours).origin().clone();
    let caller = Caller::account(user, session, origin);
    for verb in [Verb::SessionEnteredWorkspace, Verb::CredentialUsed, Verb::SessionStarted] {
        let event = AuditEvent::new(verb, "session", session)
            .old_value(json!({ "workspace": theirs.tenant }))
            .new_value(json!({ "workspace": ours.tenant, "methods": ["pwd"], "user": user }));
        commits(&house, caller.clone(), event).await;
    }
    settled(&house).await;
    assert_eq!(told(&house, ours).await, [0, 1, 2]);
    assert_eq!(told(&house, theirs).await, [2]);
    let entry = seen(&house, theirs).await.remove(0);
    let text = String::from_utf8(entry.body).unwrap();
    assert!(!text.contains(&ours.tenant.to_string()), "{text}");
    assert!(text.contains("\"methods\":[\"pwd\"]"), "{text}");
}

/// Polls a future so often and then drops it, as a `kill -9` between two steps would.
async fn dropped_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

async fn dropped_at_any_await_nothing_is_lost_or_told_twice(house: House) {
    let (ours, theirs) = (house.ours, house.theirs);
    let user = house.join(ours, Role::Viewer).await.actor().principal();
    house.join_as(theirs, user, Role::Viewer).await;
    hint(&house, user, ours.tenant).await;
    hint(&house, user, theirs.tenant).await;
    let mut written = 0;
    let mut cut_off = 0;
    for polls in 1..40 {
        fails(&house, user).await;
        fails(&house, user).await;
        written += 2;
        sequenced(&house).await;
        if dropped_after(polls, project(&house.store)).await.is_none() {
            cut_off += 1;
        }
    }
    assert!(cut_off > 5, "{cut_off} were cut off");
    settled(&house).await;
    let all: Vec<u64> = (0..written).collect();
    assert_eq!(told(&house, ours).await, all);
    assert_eq!(told(&house, theirs).await, all);
    let own = house
        .store
        .platform_read::<_, StoreError>(move |tx| tx.account_events().list(user, Page::first(200)));
    assert_eq!(own.await.unwrap().items.len(), all.len());
}

async fn many_projectors_at_once_tell_everything_once(house: House) {
    let user = house.join(house.ours, Role::Viewer).await.actor().principal();
    hint(&house, user, house.ours.tenant).await;
    for _ in 0..10 {
        fails(&house, user).await;
    }
    sequenced(&house).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = house.store.clone();
        racers.spawn(async move { project(&store).await });
    }
    while let Some(done) = racers.join_next().await {
        assert!(matches!(done.unwrap(), Ok(_) | Err(NotaryError::Raced)));
    }
    settled(&house).await;
    assert_eq!(told(&house, house.ours).await, (0..10).collect::<Vec<u64>>());
}

async fn viewers_and_operators_never_read_the_security_log(house: House) {
    hint(&house, house.ours.owner, house.ours.tenant).await;
    fails(&house, house.ours.owner).await;
    settled(&house).await;
    let security = EntryFilter { stream: Some(Stream::Security), ..EntryFilter::default() };
    let store = &house.store;
    for (role, act) in [(Role::Viewer, Act::AuditRead), (Role::Operator, Act::AuditRead)] {
        let scope = house.join(house.ours, role).await;
        let asked = list_entries(store, &scope, security.clone(), Page::first(9)).await;
        assert_eq!(asked.err(), Some(NotaryError::Denied(Denied::ActNotHeld(act))));
    }
    let admin = house.join(house.ours, Role::Admin).await;
    assert_eq!(
        list_entries(store, &admin, security.clone(), Page::first(9)).await.unwrap().items.len(),
        1
    );

    // Somebody who was given the audit log alone still does not see who signed in from where.
    let reader = house.join(house.ours, Role::Viewer).await;
    house.grant(house.ours, reader.actor().principal(), Act::AuditRead).await;
    let denied = Some(NotaryError::Denied(Denied::ActNotHeld(Act::SecurityRead)));
    let asked = list_entries(store, &reader, security, Page::first(9)).await;
    assert_eq!(asked.err(), denied);
    let both = list_entries(store, &reader, EntryFilter::default(), Page::first(200)).await;
    let streams = both.unwrap().items;
    assert!(!streams.is_empty() && streams.iter().all(|one| one.stream == Stream::Workspace));
    let neighbour = forged(&house);
    let asked = list_entries(store, &neighbour, EntryFilter::default(), Page::first(9)).await;
    assert_eq!(asked.err(), Some(NotaryError::NotFound));
}

/// The neighbour's owner, in a scope that names our workspace.
#[allow(clippy::disallowed_methods, reason = "a test stands in for request authentication")]
fn forged(house: &House) -> Scope {
    let (user, session) = (house.theirs.owner, house.theirs.session);
    let origin = house.scope(house.ours).origin().clone();
    Scope::authenticated(house.ours.tenant, Actor::User { user, session }, origin)
}

async fn security_verdict(house: &House) -> Verdict {
    let scope = house.scope(house.ours);
    let begun = begin_export(&house.store, &house.broker, &scope, Stream::Security).await;
    let file = whole(begun.unwrap().value).await.unwrap();
    let key = house.key().await;
    verify_export(&file[..], Evidence { keys: &[key], ..Evidence::default() })
}

async fn a_changed_security_entry_is_tampered(house: House) {
    hint(&house, house.ours.owner, house.ours.tenant).await;
    for _ in 0..3 {
        fails(&house, house.ours.owner).await;
    }
    settled(&house).await;
    let unit = Unit::Tenant(house.ours.tenant);
    sequence(&house.store, &house.broker, unit, Stream::Security).await.unwrap();
    assert!(matches!(security_verdict(&house).await, Verdict::Verified(_)));
    let owner = house.owner_of(house.ours).await;
    owner.drop_guards().await;
    let rewrite = "{blob:replace({body}, 'session.refused', 'session.started'):}";
    owner
        .change(&format!(
            "update audit_entries set body = {rewrite} where tenant_id = {{ours}} and entry_id = \
             (select entry_id from audit_leaves where tenant_id = {{ours}} \
             and stream = 'security' and leaf_index = 1)"
        ))
        .await;
    assert!(matches!(security_verdict(&house).await, Verdict::Tampered(Finding::Entry { .. })));
}

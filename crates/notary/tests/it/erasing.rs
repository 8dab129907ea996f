//! A person's values leave every log, every proof stays, and nobody else's value is touched.

use domain::authz::Role;
use domain::{Scope, UserId};
use ledger::verify::Verified;
use ledger::{AuditEvent, Person, Verb, Verdict};
use notary::erasure::{ErasedValues, erase_person};
use store::{Caller, Commit, EntryFilter, Page, StoreError, Unit};

use crate::ground::{Ground, on_each_engine};
use crate::house::{House, Workspace};

on_each_engine! {
    one_persons_values_leave_every_log_and_all_proofs_hold
    an_address_is_erased_wherever_it_leads_to_them_and_stays_where_it_does_not
    an_erasure_that_was_cut_off_goes_on_and_a_finished_one_changes_nothing
    nothing_is_erased_without_an_entry_that_orders_it
    what_is_copied_later_from_the_platforms_log_holds_nothing_of_theirs
}

fn caller(house: &House) -> Caller {
    Caller::system("host", house.store.mint().id())
}

fn person(user: UserId) -> Person {
    Person { user, email: Some("new@ours.example".to_owned()) }
}

async fn erased(house: &House, user: UserId) -> ErasedValues {
    erase_person(&house.store, &caller(house), &person(user)).await.unwrap()
}

/// An act of somebody's in a workspace, with a reason.
async fn act(house: &House, scope: &Scope, event: AuditEvent) {
    let done = house.store.write::<_, StoreError>(scope, move |_| Ok(Commit::audited(event, ())));
    done.await.unwrap();
}

fn plain() -> AuditEvent {
    AuditEvent::new(Verb::WorkspaceUpdated, "workspace", 1).reason("because I said so")
}

async fn verified(house: &House, workspace: Workspace) -> Verified {
    match house.verdict(workspace).await {
        Verdict::Verified(verified) => verified,
        other => panic!("not verified: {other}"),
    }
}

async fn one_persons_values_leave_every_log_and_all_proofs_hold(house: House) {
    let ada = house.join(house.ours, Role::Admin).await;
    let user = ada.actor().principal();
    let also = house.join_as(house.theirs, user, Role::Viewer).await;
    for scope in [&ada, &also] {
        act(&house, scope, plain()).await;
        act(&house, scope, plain()).await;
    }
    act(&house, &house.scope(house.ours), plain()).await;
    house.sequence(house.ours).await.unwrap();
    let before = verified(&house, house.ours).await;

    let done = erased(&house, user).await;
    assert_eq!((done.units, done.values), (2, 2 * 2 * 3));

    for workspace in [house.ours, house.theirs] {
        let found = verified(&house, workspace).await;
        assert_eq!((found.erased, found.withheld), (6, 0));
    }
    assert!(verified(&house, house.ours).await.size > before.size);
    let scope = house.scope(house.ours);
    let filter = EntryFilter { verb: Some(Verb::WorkspaceUpdated), ..EntryFilter::default() };
    let list = notary::list_entries(&house.store, &scope, filter, Page::first(50));
    let list = list.await.unwrap().items;
    let (theirs, others): (Vec<_>, Vec<_>) =
        list.into_iter().partition(|entry| !entry.erased.is_empty());
    assert_eq!((theirs.len(), others.len()), (2, 1));
    assert!(theirs.iter().all(|entry| entry.personal.is_empty()));
    assert!(theirs.iter().all(|entry| entry.erased == ["ip", "reason", "user_agent"]));
    assert_eq!(others[0].personal.len(), 3, "the owner's own values stay");
    let ordered = EntryFilter { verb: Some(Verb::PersonalErased), ..EntryFilter::default() };
    let ordered = notary::list_entries(&house.store, &scope, ordered, Page::first(5));
    assert_eq!(ordered.await.unwrap().items.len(), 1);
}

async fn an_address_is_erased_wherever_it_leads_to_them_and_stays_where_it_does_not(house: House) {
    let ada = house.join(house.ours, Role::Viewer).await;
    let user = ada.actor().principal();
    let owner = house.scope(house.ours);
    let invited = |email: &str| {
        AuditEvent::new(Verb::MemberInvited, "invitation", 1).personal("email", email)
    };
    act(&house, &owner, invited("New@Ours.example")).await;
    act(&house, &owner, invited("other@ours.example")).await;
    let joined = AuditEvent::new(Verb::MemberJoined, "member", user);
    act(&house, &owner, joined.personal("email", "earlier@ours.example")).await;
    assert_eq!(erased(&house, user).await.values, 2);
    let rows = house.owner_of(house.ours).await;
    let kept = "audit_personal where field = 'email' and value = 'other@ours.example'";
    assert_eq!(rows.count(kept).await, 1);
    // Where it came from is the owner's, who wrote it.
    assert!(rows.count("audit_personal where field = 'ip'").await >= 3);
}

async fn an_erasure_that_was_cut_off_goes_on_and_a_finished_one_changes_nothing(house: House) {
    let ada = house.join(house.ours, Role::Admin).await;
    let user = ada.actor().principal();
    for _ in 0..3 {
        act(&house, &ada, plain()).await;
    }
    // As it is when the process is killed after its first value.
    let (unit, host) = (Unit::Tenant(house.ours.tenant), caller(&house));
    let order = AuditEvent::new(Verb::PersonalErased, "user", user);
    let ordered = house
        .store
        .unit_write::<_, StoreError>(unit, &host, move |_| Ok(Commit::audited(order, ())));
    ordered.await.unwrap();
    let one = house.store.unit_write::<_, StoreError>(unit, &host, move |tx| {
        let all = tx.erasures().beside(None, 500)?;
        let one = all.iter().rev().find(|one| one.field == "reason").unwrap();
        tx.erasures().erase(one.entry, &one.field, user)?;
        Ok(Commit::quiet(store::QuietReason::Erasing, ()))
    });
    one.await.unwrap();
    assert_eq!(erased(&house, user).await.values, 3 * 3 - 1);
    assert_eq!(erased(&house, user).await, ErasedValues::default());
    assert_eq!(verified(&house, house.ours).await.erased, 9);
}

async fn nothing_is_erased_without_an_entry_that_orders_it(house: House) {
    let ada = house.join(house.ours, Role::Admin).await;
    act(&house, &ada, plain()).await;
    let user = ada.actor().principal();
    let owner = house.owner_of(house.ours).await;
    let row = |subject: &str| {
        format!(
            "insert into audit_erasures (tenant_id, entry_id, field, subject, at_ms) \
             select tenant_id, entry_id, field, '{subject}', 1 from audit_personal \
             where tenant_id = {{ours}} and field = 'ip'"
        )
    };
    assert!(owner.run(&row(&user.to_string())).await.is_err());
    assert!(owner.run("delete from audit_personal where tenant_id = {ours}").await.is_err());
    assert!(erased(&house, user).await.values > 0);
    // The order for one person is none for another, and what was erased stays on the list.
    assert!(owner.run(&row(&house.ours.owner.to_string())).await.is_err());
    for attack in [
        "delete from audit_erasures where tenant_id = {ours}",
        "update audit_erasures set field = 'x' where tenant_id = {ours}",
        "delete from audit_personal where tenant_id = {ours}",
    ] {
        assert!(owner.run(attack).await.is_err(), "{attack}");
    }
    let theirs = house.owner_of(house.theirs).await;
    assert_eq!(theirs.count("audit_erasures where field = 'nothing'").await, 0);
    assert_eq!(verified(&house, house.theirs).await.erased, 0);
}

async fn what_is_copied_later_from_the_platforms_log_holds_nothing_of_theirs(house: House) {
    let (user, tenant) = (house.ours.owner, house.ours.tenant);
    let by_setup = caller(&house);
    let known = house.store.platform_write::<_, StoreError>(&by_setup, move |tx| {
        tx.memberships().set(user, tenant, Role::Owner)?;
        Ok(Commit::quiet(store::QuietReason::Installation, ()))
    });
    known.await.unwrap();
    let origin = house.scope(house.ours).origin().clone();
    let by = Caller::account(user, house.ours.session, origin);
    let event = AuditEvent::new(Verb::SessionSteppedUp, "session", house.ours.session);
    let write =
        house.store.platform_write::<_, StoreError>(&by, move |_| Ok(Commit::audited(event, ())));
    write.await.unwrap();
    let step =
        notary::sequence(&house.store, &house.broker, Unit::Platform, ledger::Stream::Security);
    step.await.unwrap();
    let person = Person { user, email: None };
    let done = erase_person(&house.store, &caller(&house), &person).await.unwrap();
    assert!(done.values >= 2, "{done:?}");
    let owner = house.owner_of(house.ours).await;
    let copied = "audit_entries where verb = 'session.stepped_up' and stream = 'security'";
    assert!(owner.count(copied).await >= 1);
    let personal = "audit_personal p where exists (select 1 from audit_entries e \
        where e.tenant_id = p.tenant_id and e.entry_id = p.entry_id \
        and e.verb = 'session.stepped_up')";
    assert_eq!(owner.count(personal).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_was_erased_is_not_left_in_the_files_free_pages() {
    let house = House::on(Ground::folder()).await;
    let ada = house.join(house.ours, Role::Admin).await;
    let said = "a-sentence-that-is-nowhere-else";
    for _ in 0..200 {
        let event = AuditEvent::new(Verb::WorkspaceUpdated, "workspace", 1);
        act(&house, &ada, event.reason(format!("{said}{}", ".".repeat(400)))).await;
    }
    let file = house.folder().join(format!("data/tenants/{}.db", house.ours.tenant));
    let found = || {
        // What is only in the write-ahead log counts as well, until it is written back.
        let wal = file.with_extension("db-wal");
        let bytes = [std::fs::read(&file).unwrap(), std::fs::read(wal).unwrap_or_default()];
        bytes.concat().windows(said.len()).any(|window| window == said.as_bytes())
    };
    assert!(found());
    assert_eq!(erased(&house, ada.actor().principal()).await.values, 600);
    house.store.close().await;
    assert!(!found());
}
